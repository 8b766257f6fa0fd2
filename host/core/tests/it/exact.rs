//! Exactness, by tables: what no module touched leaves as it came, and no spelling of a key hides a member.

use crate::{
    model::{
        Answer, At, Document, Edit, Input, Node, Path, Place, Script, Slot, Step, Verdict, run,
    },
    native::{Native, text},
};
use smt_abi::{code, operation::Root};
use transom_core::{batch::Batch, call::Limits};

/// A place in the value, its steps separated by dots; digits are an index.
fn at(path: &str) -> At {
    At { root: Root::Value, place: Place::Path(steps(path)) }
}

fn steps(path: &str) -> Path {
    let step = |step: &str| step.parse().map_or_else(|_| Step::Key(step.to_owned()), Step::Index);
    Path::new(path.split('.').map(step).collect())
}

fn header(name: &str) -> At {
    At { root: Root::Header, place: Place::Name(name.to_owned()) }
}

fn set(path: &str, value: &str) -> Edit {
    Edit::Set { at: at(path), value: value.to_owned() }
}

fn remove(path: &str) -> Edit {
    Edit::Remove { at: at(path) }
}

fn rename(path: &str, name: &str) -> Edit {
    Edit::Rename { at: at(path), name: name.to_owned() }
}

/// A module that answers every record with these operations, and reads the whole value besides.
fn script(edits: Vec<Edit>) -> Script {
    Script {
        slots: vec![Slot::Offset, Slot::Partition, Slot::Value(Path::new(Vec::new()))],
        answers: vec![vec![Answer::Edits(edits)]],
        ..Script::default()
    }
}

fn input(value: &str) -> Input {
    Input { topic: "t".to_owned(), value: Some(value.to_owned()), ..Input::default() }
}

/// The values that leave a chain, or the code that an input failed with; the model agrees with all of it.
fn values(scripts: &[Script], inputs: &[Input]) -> Vec<String> {
    let mut batch = Batch::default();
    let expected = run(scripts, inputs, &mut |_| ());
    Native::new(scripts, Limits::default()).check(&mut batch, inputs, &expected);
    let failure = |input| match batch.verdict(input) {
        transom_core::record::Verdict::Failed(failure) => Some(failure.code.to_string()),
        _ => None,
    };
    let failed = (0..inputs.len()).filter_map(failure);
    let value = |id| String::from_utf8(text(|out| batch.write_value(id, out))).unwrap();
    failed.chain(batch.survivors().iter().map(|id| value(*id))).collect()
}

/// Values that a reader who understands them would spell otherwise.
fn odd_values() -> Vec<String> {
    let mut odd: Vec<String> = [
        "1.10",
        "1e2",
        "1E+002",
        "-0.0",
        "1234567890123456789012345",
        "-1234567890123456789012345.000",
        r#""\u00e9\/\b\"\\ \ud83d\ude00""#,
        r#""\ud800 alone""#,
        "\"é 😀 \u{7f} \u{2028}\"",
        r#"{"k":1,"k":2,"\u006b":3, "k" : 4}"#,
        r#"{"":{},"a.b":[ ],"`":0}"#,
        "[ 1 ,\t2\r\n,\n3 , [ ] , { } ]",
    ]
    .map(str::to_owned)
    .into();
    odd.push(format!("\"{}\"", "x\\n😀".repeat(150_000)));
    odd.push(format!("{}1.0{}", "[ ".repeat(100), " ]".repeat(100)));
    odd.push(format!("{}1.0{}", "{\"a\" : ".repeat(100), "}".repeat(100)));
    odd
}

#[test]
fn what_is_not_touched_leaves_as_it_came() {
    let chain = [
        script(vec![set("edited", "2")]),
        script(vec![]),
        script(vec![rename("edited", "k\"")]),
        script(vec![set("new.inner", "[3]"), remove("gone")]),
        script(vec![set("new.inner.1", "4")]),
    ];
    for odd in odd_values() {
        let before = format!(
            " {{ \"gone\":0 ,\"a\" : {odd} ,\t\"\\u0065dited\":1 , \"o\":{{\"x\":{odd}}},\"z\":{odd}\r\n}} \n"
        );
        let after = before
            .replace("\"gone\":0 ,", "")
            .replace("\"\\u0065dited\":1", "\"k\\\"\":2")
            .replace(&format!("\"z\":{odd}"), &format!("\"z\":{odd},\"new\":{{\"inner\":[3,4]}}"));
        assert_eq!(values(&chain, &[input(&before)]), [after]);
        let untouched = [script(vec![]), script(vec![remove("not.there")])];
        assert_eq!(values(&untouched, &[input(&before)]), [before]);
        let alone = format!("\t{odd}\r\n ");
        assert_eq!(values(&untouched, &[input(&alone)]), [alone]);
    }
}

/// Spellings of an object in which `bu` means `bad`, at least to one reader.
const HIDDEN: [&str; 8] = [
    r#"{"x":0,"bu":"bad"}"#,
    r#"{"x":0,"\u0062u":"bad"}"#,
    r#"{"x":0,"bu":"good","bu":"bad"}"#,
    r#"{"x":0,"bu":"bad","bu":"bad"}"#,
    r#"{"bu":"bad","x":0,"b\u0075":"bad"}"#,
    r#"{"bu":"good","x":0,"b\u0075":"bad"}"#,
    r#"{"b\u0075":"good","x":0,"bu":"bad","x":1}"#,
    r#"{"\u0062\u0075":"bad","x":0,"y":0}"#,
];

/// Records before it, so that all that can be learnt of a topic's layout has been learnt.
fn after_regular_ones(value: &str) -> Vec<Input> {
    let regular = (0..40).map(|number| input(&format!(r#"{{"x":{number},"bu":"good"}}"#)));
    regular.chain([input(value)]).collect()
}

#[test]
fn no_filter_is_passed_by_a_hidden_member() {
    for (value, path) in HIDDEN
        .iter()
        .flat_map(|hidden| [((*hidden).to_owned(), "bu"), (format!("{{\"o\":{hidden}}}"), "o.bu")])
    {
        let read = Script {
            slots: vec![Slot::Offset, Slot::Partition, Slot::Value(steps(path))],
            ..script(vec![])
        };
        let inputs = after_regular_ones(&value);
        let outcome = run(std::slice::from_ref(&read), &inputs, &mut |_| ());
        let slot = outcome.seen[0][40][2].as_ref().unwrap();
        assert_eq!(slot.check(b"\"bad\""), Ok(()), "{value}");
        values(&[read], &inputs);
    }
}

#[test]
fn no_mask_is_passed_by_a_hidden_member() {
    let masks = [
        set("bu", "\"***\""),
        Edit::Insert { at: at("bu"), value: "null".to_owned(), overwrite: true },
        remove("bu"),
        rename("x", "bu"),
        Edit::Move { from: at("bu"), to: header("h") },
        Edit::Copy { from: at("x"), to: at("bu") },
        Edit::Retain { at: At::value(), paths: vec![Place::Path(steps("x"))] },
        Edit::Extract { at: at("x") },
    ];
    for (hidden, mask) in HIDDEN.iter().flat_map(|hidden| masks.iter().map(move |m| (*hidden, m))) {
        let masked = values(&[script(vec![mask.clone()])], &after_regular_ones(hidden));
        let last = masked.last().unwrap();
        assert_eq!(masked.len(), 41);
        assert!(!last.contains("bad") && !last.contains("good"), "{mask:?} of {hidden}: {last}");
    }
    // A name that is given anew is not hidden from a later mask either.
    let chain = [script(vec![rename("x", "bu")]), script(vec![set("bu", "1")])];
    for hidden in HIDDEN {
        let masked = values(&chain, &[input(hidden)]).remove(0);
        let Node::Container(object) = Document::parse(masked.as_bytes()).unwrap().node else {
            panic!("{masked} is an object");
        };
        let named = object.items.iter().filter(|item| item.name() == Some("bu"));
        assert_eq!(named.count(), 1, "{masked}");
    }
}

#[test]
fn edits_of_one_record() {
    let deep = format!(r#"{{"deep":{}1{},"b":2}}"#, "[".repeat(127), "]".repeat(127));
    let around: Vec<Edit> = (0..130).map(|_| Edit::Copy { from: at("x"), to: at("m.n") }).collect();
    let retain_index = Edit::Retain { at: At::value(), paths: vec![Place::Path(steps("0"))] };
    let wrap = Edit::Wrap { at: At::value(), name: "w".to_owned() };
    for (value, edits, expected) in [
        // A move copies first: the target is found before the source has gone.
        (r#"{"a":[1,2]}"#, vec![Edit::Move { from: at("a.0"), to: at("a.2") }], r#"{"a":[2,1]}"#),
        (r"[[1],{}]", vec![Edit::Move { from: at("0"), to: at("1.x") }], r#"[{"x":[1]}]"#),
        (
            r#"{"a":1}"#,
            vec![Edit::Move { from: header("h"), to: header("h") }],
            code::BAD_OPERATION,
        ),
        // A name that must be spelt with escapes is found again.
        (
            r#"{"x":1}"#,
            vec![rename("x", "q\"t"), set("q\"t", "2"), set("\n", "3"), set("\n", "4")],
            r#"{"q\"t":2,"\n":4}"#,
        ),
        (r#"{"x":1}"#, vec![rename("x", "\\"), remove("\\")], "{}"),
        // What an array loses takes nothing else along.
        (r#"{"a": [ 1 , 2 ,3 ]}"#, vec![remove("a.0")], r#"{"a": [ 2 ,3 ]}"#),
        (r#"{"a": [ 1 , 2 ,3 ]}"#, vec![remove("a.1")], r#"{"a": [ 1 , 3 ]}"#),
        (r#"{"":1,"b":2}"#, vec![remove("")], r#"{"b":2}"#),
        // Nesting is that of the document as it is, not of what it once held or what stands beside.
        (&deep, vec![remove("deep"), wrap.clone()], r#"{"w":{"b":2}}"#),
        (&deep, vec![wrap], code::NESTING_LIMIT),
        (r#"{"x":{"y":1}}"#, around, r#"{"x":{"y":1},"m":{"n":{"y":1}}}"#),
        // An operation that can never work fails on every record.
        (r#"{"a":1}"#, vec![retain_index.clone()], code::BAD_OPERATION),
        ("5", vec![retain_index.clone()], code::BAD_OPERATION),
        ("5", vec![Edit::Remove { at: At::value() }, retain_index], code::BAD_OPERATION),
    ] {
        assert_eq!(values(&[script(edits)], &[input(value)]), [expected], "{value}");
    }
}

#[test]
fn static_operations_work_on_every_record() {
    let record = |number| Input { offset: Some(number), ..input(r#"{"a":1}"#) };
    let script = Script {
        statics: vec![
            set("b", " [1] "),
            Edit::Topic("\"u\"".to_owned()),
            Edit::Partition("7".to_owned()),
            Edit::Timestamp("8".to_owned()),
        ],
        answers: vec![
            vec![Answer::Edits(vec![Edit::Static, set("a.x", "1")])],
            vec![Answer::Edits(vec![Edit::Static])],
            vec![Answer::Edits(vec![set("c", "2"), Edit::Static])],
        ],
        ..script(vec![])
    };
    // The first record fails, and takes nothing along that the others need.
    let inputs = [record(0), record(1), record(2)];
    let expected = [code::BAD_PATH, r#"{"a":1,"b":[1]}"#, r#"{"a":1,"c":2,"b":[1]}"#];
    assert_eq!(values(&[script], &inputs), expected);
}

#[test]
fn a_module_works_on_several_batches_in_turn() {
    let read = Script {
        slots: vec![Slot::Offset, Slot::Partition, Slot::Value(steps("a"))],
        statics: vec![set("c", "3")],
        ..script(vec![Edit::Static, set("b", "\"new\"")])
    };
    let scripts = [read];
    let mut native = Native::new(&scripts, Limits::default());
    let mut batches = [Batch::default(), Batch::default()];
    for round in 0..4 {
        // Each batch learns a layout of its own from its records.
        let value = [r#"{"a":1,"b":2}"#, r#"{"b":{"a":0},"a":{"b":0}}"#][round % 2];
        let inputs = vec![input(value); 20 + round];
        let expected = run(&scripts, &inputs, &mut |_| ());
        native.check(&mut batches[round % 2], &inputs, &expected);
    }
}

#[test]
fn an_input_is_dropped_where_its_last_child_is() {
    let children = ["0", "1"].map(|number| format!("{{\"partition\":{number}}}"));
    let answers = |answers: [Answer; 2]| Script { answers: vec![answers.into()], ..script(vec![]) };
    let split = || Answer::Split(children.clone().into());
    let chain = [
        answers([split(), split()]),
        answers([Answer::Drop, Answer::Keep]),
        answers([Answer::Keep, Answer::Drop]),
    ];
    let outcome = run(&chain, &[input("1")], &mut |_| ());
    assert_eq!(outcome.verdicts, [Verdict::Dropped(2)]);
    assert!(values(&chain, &[input("1")]).is_empty());
}

#[test]
fn a_key_leaves_with_the_blanks_around_it() {
    let keyed = |key: &str| Input { key: Some(key.to_owned()), ..input("1") };
    let inputs = [keyed(" 5 "), keyed("\n{ \"a\" : 1.0 }\t"), keyed("\"k\"")];
    let mut batch = Batch::default();
    let expected = run(&[], &inputs, &mut |_| ());
    Native::new(&[], Limits::default()).check(&mut batch, &inputs, &expected);
    for (id, input) in batch.survivors().iter().zip(&inputs) {
        assert_eq!(text(|out| batch.write_key(*id, out)), input.key.as_deref().unwrap().as_bytes());
    }
}
