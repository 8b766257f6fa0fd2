//! What a module may import and must export, by name and exact type.

use super::module_error::ModuleError;
use smt_abi::{export, import};
use wasmtime::{ExternType, FuncType, Module};

/// A function of the ABI: all its parameters and results are of type `i32`.
struct Function {
    name: &'static str,
    parameters: usize,
    results: usize,
}

const IMPORTS: [Function; 2] = [
    Function { name: import::LOG, parameters: 3, results: 0 },
    Function { name: import::GET, parameters: 5, results: 1 },
];

const EXPORTS: [Function; 4] = [
    Function { name: export::ABI, parameters: 0, results: 1 },
    Function { name: export::BUF, parameters: 1, results: 1 },
    Function { name: export::INIT, parameters: 1, results: 1 },
    Function { name: export::BATCH, parameters: 2, results: 1 },
];

const INITIALIZE: Function = Function { name: export::INITIALIZE, parameters: 0, results: 0 };

/// Prefix of the module names under which WASI is imported, in all its versions.
const WASI: &str = "wasi";

/// Checks every import and every export that the ABI knows.
///
/// # Errors
/// [`ModuleError`] for the first that is not as it is to be.
pub(super) fn check(module: &Module) -> Result<(), ModuleError> {
    for import in module.imports() {
        check_import(import.module(), import.name(), &import.ty())?;
    }
    check_memory(module.get_export(export::MEMORY))?;
    for function in &EXPORTS {
        function.check_export(module.get_export(function.name))?;
    }
    match module.get_export(export::INITIALIZE) {
        None => Ok(()),
        found => INITIALIZE.check_export(found),
    }
}

/// True if the module imports `get`.
pub(super) fn imports_get(module: &Module) -> bool {
    module.imports().any(|import| import.name() == import::GET)
}

fn check_import(module: &str, name: &str, ty: &ExternType) -> Result<(), ModuleError> {
    let (module, name) = (module.to_owned(), name.to_owned());
    if module.starts_with(WASI) {
        return Err(ModuleError::Wasi { module, name });
    }
    let known = IMPORTS.iter().find(|known| module == import::MODULE && known.name == name);
    match known {
        None => Err(ModuleError::UnknownImport { module, name }),
        Some(known) if known.is(ty) => Ok(()),
        Some(known) => {
            let (found, expected) = (describe(ty), known.describe());
            Err(ModuleError::ImportType { name, found, expected })
        }
    }
}

fn check_memory(found: Option<ExternType>) -> Result<(), ModuleError> {
    let name = export::MEMORY;
    let expected = "the linear memory".to_owned();
    match found {
        Some(ExternType::Memory(_)) => Ok(()),
        Some(found) => Err(ModuleError::ExportType { name, found: describe(&found), expected }),
        None => Err(ModuleError::NoExport { name, expected }),
    }
}

impl Function {
    fn check_export(&self, found: Option<ExternType>) -> Result<(), ModuleError> {
        let (name, expected) = (self.name, self.describe());
        match found {
            Some(found) if self.is(&found) => Ok(()),
            Some(found) => Err(ModuleError::ExportType { name, found: describe(&found), expected }),
            None => Err(ModuleError::NoExport { name, expected }),
        }
    }

    fn is(&self, ty: &ExternType) -> bool {
        let ExternType::Func(ty) = ty else { return false };
        ty.params().len() == self.parameters
            && ty.results().len() == self.results
            && ty.params().chain(ty.results()).all(|ty| ty.is_i32())
    }

    fn describe(&self) -> String {
        signature(&vec!["i32"; self.parameters], &vec!["i32"; self.results])
    }
}

fn describe(ty: &ExternType) -> String {
    match ty {
        ExternType::Func(ty) => describe_function(ty),
        ExternType::Global(_) => "a global".to_owned(),
        ExternType::Table(_) => "a table".to_owned(),
        ExternType::Memory(_) => "a memory".to_owned(),
        ExternType::Tag(_) => "a tag".to_owned(),
    }
}

fn describe_function(ty: &FuncType) -> String {
    let parameters: Vec<String> = ty.params().map(|ty| ty.to_string()).collect();
    let results: Vec<String> = ty.results().map(|ty| ty.to_string()).collect();
    signature(&parameters, &results)
}

fn signature<T: AsRef<str>>(parameters: &[T], results: &[T]) -> String {
    let list = |types: &[T]| types.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    match results {
        [] => format!("a function ({})", list(parameters)),
        _ => format!("a function ({}) -> {}", list(parameters), list(results)),
    }
}
