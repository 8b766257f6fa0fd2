//! The record path against a plain model: chains of scripted modules, run through the core as the host runs modules.

#[cfg(test)]
mod chains;
#[cfg(test)]
mod exact;
#[cfg(test)]
mod model;
#[cfg(test)]
mod native;
