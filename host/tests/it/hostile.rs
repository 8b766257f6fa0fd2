//! A guest in WAT whose parts a test replaces: what is left as it is keeps every record.

use std::time::Duration;
use transom::wasm::{Instance, Limits, Module, ModuleError, Runtime};

/// Where the guest keeps things. Memory has 4 pages, 262 144 bytes; the buffer's place ends 64 KiB before the end.
///
/// | at | what |
/// |---:|---|
/// | 16 | result of `smt_init` |
/// | 32 | result of `smt_batch` |
/// | 64 | output of `smt_init` |
/// | 4096 | verdict table, zeros: keep |
/// | 65536 | output |
/// | 131072 | input buffer |
pub(crate) const MEMORY: u32 = 262_144;
/// Address of the input buffer.
pub(crate) const BUFFER: u32 = 131_072;

/// The parts of a guest, as WAT.
#[derive(Clone)]
pub(crate) struct Guest {
    /// Imports, before all else.
    pub(crate) imports: String,
    /// The memory, its export included.
    pub(crate) memory: String,
    /// Further definitions: globals, tables, functions, a start.
    pub(crate) extra: String,
    /// Body of `smt_abi() -> i32`.
    pub(crate) abi: String,
    /// Body of `smt_buf($cap i32) -> i32`.
    pub(crate) buf: String,
    /// Body of `smt_init($len i32) -> i32`.
    pub(crate) init: String,
    /// Output of `smt_init`: the descriptor.
    pub(crate) descriptor: String,
    /// Body of `smt_batch($n i32, $len i32) -> i32`.
    pub(crate) batch: String,
    /// Content of the custom section; none if empty.
    pub(crate) section: String,
}

impl Default for Guest {
    fn default() -> Self {
        Self {
            imports: String::new(),
            memory: "(memory (export \"memory\") 4)".to_owned(),
            extra: String::new(),
            abi: format!("i32.const {}", smt_abi::VERSION),
            buf: format!("i32.const {BUFFER}"),
            init: "i32.const 16".to_owned(),
            descriptor: r#"{"slots": ["$"]}"#.to_owned(),
            batch: keep(),
            section: r#"{"name": "guest", "version": "0.1.0", "abi": "1.0"}"#.to_owned(),
        }
    }
}

/// Body of `smt_batch` that keeps each record.
pub(crate) fn keep() -> String {
    answer("local.get $n", 4_096, 65_536, 0)
}

/// Body of `smt_batch` that answers a result table with these words; `n` is an expression.
pub(crate) fn answer(n: &str, verdicts: u32, out: u32, out_len: u32) -> String {
    format!(
        "(i32.store (i32.const 32) (i32.const {verdicts}))
         (i32.store (i32.const 36) (i32.const {out}))
         (i32.store (i32.const 40) (i32.const {out_len}))
         (i32.store (i32.const 44) ({n}))
         (i32.const 32)"
    )
}

impl Guest {
    /// The guest as a module.
    pub(crate) fn wasm(&self) -> Vec<u8> {
        let text = self.text();
        wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    /// The guest as text.
    pub(crate) fn text(&self) -> String {
        let Self { imports, memory, extra, abi, buf, init, descriptor, batch, section } = self;
        let mut output = Vec::new();
        smt_abi::answer::write_init(&mut output, descriptor.as_bytes(), &[]);
        let output_len = u32::try_from(output.len()).unwrap();
        let result: Vec<u8> =
            [0, 64, output_len, 0].into_iter().flat_map(u32::to_le_bytes).collect();
        let (result, output) = (escape(&result), escape(&output));
        let section = match section.as_str() {
            "" => String::new(),
            text => format!("(@custom \"{}\" \"{}\")", smt_abi::SECTION, escape(text.as_bytes())),
        };
        format!(
            "(module {section} {imports} {memory} {extra}
               (func (export \"smt_abi\") (result i32) {abi})
               (func (export \"smt_buf\") (param $cap i32) (result i32) {buf})
               (func (export \"smt_init\") (param $len i32) (result i32) {init})
               (func (export \"smt_batch\") (param $n i32) (param $len i32) (result i32) {batch})
               (data (i32.const 16) \"{result}\") (data (i32.const 64) \"{output}\"))"
        )
    }

    /// Loads the guest.
    pub(crate) fn load(&self, runtime: &Runtime) -> Result<Module, ModuleError> {
        runtime.load(&self.wasm())
    }

    /// An instance that has its configuration.
    #[track_caller]
    pub(crate) fn ready(&self, runtime: &Runtime) -> Instance {
        let mut instance = Instance::new(&self.load(runtime).unwrap()).unwrap();
        instance.init(b"{}").unwrap();
        instance
    }
}

/// Bytes as a string of WAT.
pub(crate) fn escape(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}\\{byte:02x}"))
}

/// A runtime whose limits let each test end soon.
pub(crate) fn runtime() -> Runtime {
    Runtime::new(limits(), None).unwrap()
}

/// Limits that let each test end soon.
pub(crate) fn limits() -> Limits {
    Limits {
        memory_bytes: 1 << 20,
        table_elements: 100,
        record_cpu: Duration::from_millis(5),
        batch_cpu: Duration::from_millis(20),
        output_bytes: 1 << 10,
        ..Limits::default()
    }
}
