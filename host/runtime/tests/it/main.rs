//! Tasks against topics and sinks in memory: outages, rebalances, refusals, and deaths at every step.

#[cfg(test)]
mod cluster;
#[cfg(test)]
mod life;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod random;
#[cfg(test)]
mod reader;
#[cfg(test)]
mod sink_task;
#[cfg(test)]
mod sinks;
#[cfg(test)]
mod source_task;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod sums;
#[cfg(test)]
mod swap;
#[cfg(test)]
mod transform;
#[cfg(test)]
mod way;
#[cfg(test)]
mod world;
