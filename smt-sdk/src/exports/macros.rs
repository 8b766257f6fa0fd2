//! The macros that make a module of an SMT. What they expand to holds the names that the host calls.

/// Exports a type that implements [`Smt`](crate::Smt) as a module.
///
/// `config` is a file with the JSON Schema of the settings, `cases` are files that [`testing`](crate::testing) runs;
/// both are relative to the file that the macro stands in. The description is one plain sentence. Name and version of
/// the module are those of its package. On wasm32 this makes the exports and the custom section of the ABI, around a
/// small allocator of the SDK's; under `cargo test` it makes a test, `smt_cases`, that runs the cases.
///
/// ```text
/// smt_sdk::export!(
///     DropDebug,
///     description: "Drops records of level debug.",
///     config: "../config.schema.json",
///     cases: ["../cases/drops.json", "../cases/keeps.json"],
/// );
/// ```
#[macro_export]
macro_rules! export {
    (
        $smt:ty,
        description: $description:literal,
        config: $config:literal,
        cases: [$first:literal $(, $case:literal)* $(,)?] $(,)?
    ) => {
        #[cfg(any(test, target_arch = "wasm32"))]
        const SMT_SECTION: &[&str] = &[
            "{\"name\":\"", env!("CARGO_PKG_NAME"),
            "\",\"version\":\"", env!("CARGO_PKG_VERSION"),
            "\",\"abi\":\"", $crate::__private::ABI,
            "\",\"description\":\"", $crate::__private::plain($description),
            "\",\"config\":", include_str!($config),
            ",\"flags\":[],\"cases\":[",
            include_str!($first), $(",", include_str!($case),)*
            "]}",
        ];

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            static GUEST: $crate::__private::Guest<$smt> = $crate::__private::Guest::new();

            #[unsafe(link_section = "transom.smt")]
            static SECTION: [u8; $crate::__private::len(SMT_SECTION)] =
                $crate::__private::join(SMT_SECTION);

            #[unsafe(no_mangle)]
            extern "C" fn smt_abi() -> u32 {
                $crate::__private::VERSION
            }

            #[unsafe(no_mangle)]
            extern "C" fn smt_buf(cap: u32) -> u32 {
                GUEST.buf(cap)
            }

            #[unsafe(no_mangle)]
            extern "C" fn smt_init(len: u32) -> u32 {
                GUEST.init(len)
            }

            #[unsafe(no_mangle)]
            extern "C" fn smt_batch(n: u32, len: u32) -> u32 {
                GUEST.batch(n, len)
            }
        };

        #[cfg(test)]
        #[test]
        fn smt_cases() {
            $crate::testing::check_package::<$smt>(
                SMT_SECTION,
                env!("CARGO_MANIFEST_DIR"),
                &[($first, include_str!($first)) $(, ($case, include_str!($case)))*],
            );
        }
    };
}

/// Exports a function from one JSON record to an optional JSON record as a module: the first door.
///
/// The function takes its settings and a [`JsonRecord`](crate::JsonRecord) and answers the record to go on with, or
/// `None` to drop it. Its settings implement [`FromSettings`](crate::FromSettings); `()` stands for none. The other
/// arguments are those of [`export!`](crate::export).
///
/// ```text
/// use smt_sdk::{JsonRecord, SmtError};
///
/// fn keep_paid(_: &(), mut record: JsonRecord) -> Result<Option<JsonRecord>, SmtError> {
///     let Some(order) = &mut record.value else { return Ok(None) };
///     if order.get("status").and_then(|status| status.as_str()) != Some("paid") {
///         return Ok(None);
///     }
///     order.set("checked", true);
///     Ok(Some(record))
/// }
///
/// smt_sdk::export_fn!(
///     keep_paid(()),
///     description: "Keeps paid orders and marks them.",
///     config: "../config.schema.json",
///     cases: ["../cases/paid.json"],
/// );
/// ```
#[macro_export]
macro_rules! export_fn {
    ($function:ident($settings:ty), $($rest:tt)*) => {
        /// The exported function with its settings, as a module has it.
        #[derive(Debug)]
        pub struct ExportedFunction {
            settings: $settings,
            record: $crate::Metadata,
        }

        impl $crate::Smt for ExportedFunction {
            fn configure(
                settings: &mut $crate::Settings<'_>,
                slots: &mut $crate::Slots,
            ) -> Result<Self, $crate::SettingsError> {
                let settings = <$settings as $crate::FromSettings>::from_settings(settings)?;
                Ok(Self { settings, record: slots.record() })
            }

            fn apply(
                &self,
                record: &mut $crate::Record<'_>,
            ) -> Result<$crate::Verdict, $crate::SmtError> {
                let read = $crate::JsonRecord::read(record, self.record)?;
                Ok(match $function(&self.settings, read)? {
                    Some(record) => $crate::Verdict::ReplaceRecord(record.to_string()),
                    None => $crate::Verdict::Drop,
                })
            }
        }

        $crate::export!(ExportedFunction, $($rest)*);
    };
}
