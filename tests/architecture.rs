//! Holds the table "Who may know whom" of ARCHITECTURE.md, and one name for each type, by plain searches in the sources.

use std::{collections::BTreeMap, fs, path::Path};

/// The modules of the crate's root in layers. A module may use its own layer and those above it.
const LAYERS: &[&[&str]] = &[
    &["bitmap", "error", "files", "format"],
    &["ink", "picture", "synth", "data"],
    &["model"],
    &["recognition", "evaluation", "explanation"],
    &["training"],
    &["store"],
    &["worker"],
    &["app"],
    &["ui"],
    &["cli"],
];

/// Files or folders below `src`, and the texts that must not occur in them.
#[rustfmt::skip]
const BANS: &[(&[&str], &[&str])] = &[
    (&["bitmap", "error"], &["std::fs", "std::thread"]),
    (&["files", "ink", "picture", "synth", "data"], &["candle_"]),
    (&["model"], &["crate::data"]),
    (&["recognition", "evaluation", "explanation", "store"], &["thread::spawn"]),
    (&["training"], &["std::fs", "thread::spawn", "println!"]),
    (&["app/action", "app/state"], &["egui", "std::fs", "std::thread"]),
    (&["ui"], &["std::fs", "mpsc", "candle_"]),
    (&["cli"], &["crate::ui"]),
];

/// Texts that must not occur outside these files or folders.
const RESERVED: &[(&str, &[&str])] = &[("egui", &["app", "ui", "main"]), ("rfd::", &["worker"])];

/// The sources below a folder: their paths from `src` without the extension, and their code. Tests and comments are
/// left out.
fn sources(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for entry in fs::read_dir(root.join(folder)).expect("a folder of src") {
        let file = entry.expect("a file of src").file_name();
        let file = file.to_string_lossy();
        let name = file.trim_end_matches(".rs");
        let path = root.join(folder).join(&*file);
        if ["tests", "test_support"].contains(&name) {
            continue;
        }
        if path.is_dir() {
            found.extend(sources(&format!("{folder}{name}/")));
        } else {
            let text = fs::read_to_string(path).expect("a source is text");
            let end = text.find("\n#[cfg(test)]\nmod ").unwrap_or(text.len());
            let lines = text[..end].lines();
            let code = lines.filter(|line| !line.trim_start().starts_with("//"));
            found.push((
                format!("{folder}{name}"),
                code.collect::<Vec<_>>().join("\n"),
            ));
        }
    }
    found
}

/// The root modules that a file names: `crate::name`, and the first names in `crate::{…}`.
fn used_modules(code: &str) -> Vec<&str> {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    let name_of = |text: &str| text.find(|c| !is_letter(c)).unwrap_or(text.len());
    let mut used = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let Some(list) = rest.strip_prefix('{') else {
            used.push(&rest[..name_of(rest)]);
            continue;
        };
        let mut depth = 0;
        for item in list.split_inclusive(['{', '}', ',']).map(str::trim_start) {
            let name = &item[..name_of(item)];
            if depth == 0 && !name.is_empty() {
                used.push(name);
            }
            depth += i32::from(item.ends_with('{')) - i32::from(item.ends_with('}'));
            if depth < 0 {
                break;
            }
        }
    }
    used
}

#[test]
fn modules_use_only_their_own_layer_and_those_above() {
    let layer_of = |module| LAYERS.iter().position(|layer| layer.contains(&module));
    let sources = sources("");
    assert!(sources.len() > 100, "the sources are found");
    for (name, code) in &sources {
        let module = match name.as_str() {
            "lib" | "main" => continue,
            // The loop joins the state with the panels.
            "app" | "app/effects" => "ui",
            _ => name.split('/').next().unwrap_or_default(),
        };
        let own = layer_of(module).unwrap_or_else(|| panic!("{module} has no layer"));
        for used in used_modules(code) {
            let layer = layer_of(used).unwrap_or(usize::MAX);
            assert!(layer <= own, "src/{name}.rs must not use {used}");
        }
        let names_root = !name.contains('/') && code.contains("super::");
        assert!(!names_root, "src/{name}.rs names the root as super");
    }
}

#[test]
fn banned_texts_occur_nowhere() {
    for (name, code) in &sources("") {
        let is_in = |place: &&str| format!("{name}/").starts_with(&format!("{place}/"));
        let banned = BANS.iter().filter(|(places, _)| places.iter().any(is_in));
        let reserved = RESERVED
            .iter()
            .filter(|(_, places)| !places.iter().any(is_in));
        let banned = banned.flat_map(|(_, texts)| *texts);
        for text in banned.chain(reserved.map(|(text, _)| text)) {
            assert!(!code.contains(text), "src/{name}.rs must not know {text}");
        }
    }
}

/// The type that a line at the margin declares.
fn declared_type(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub").map_or(line, |rest| {
        let scope_end = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        scope_end.map_or(rest, |(_, rest)| rest).trim_start()
    });
    let kinds = ["struct ", "enum ", "trait ", "type "];
    let rest = kinds.iter().find_map(|kind| line.strip_prefix(kind))?;
    let end = rest.find(|c: char| !c.is_alphanumeric());
    Some(&rest[..end.unwrap_or(rest.len())])
}

#[test]
fn the_name_of_a_type_is_unique() {
    let mut known = BTreeMap::new();
    for (name, code) in &sources("") {
        for declared in code.lines().filter_map(declared_type) {
            let other = known.insert(declared.to_owned(), name.clone());
            assert_eq!(other, None, "{declared} of src/{name}.rs has a namesake");
        }
    }
    assert!(known.len() > 400, "the types are found: {}", known.len());
}

#[test]
fn the_reader_of_types_finds_each_form() {
    let lines = "pub struct A {\nenum B<T> {\npub(super) trait C: D {\n    type E = F;\ntype G = H;\n// struct I;";
    let found: Vec<&str> = lines.lines().filter_map(declared_type).collect();
    assert_eq!(found, ["A", "B", "C", "G"]);
}

#[test]
fn the_reader_of_paths_finds_each_form() {
    let code =
        "use crate::{\n    bitmap::{A, B},\n    data::C,\n    error,\n};\nlet x = crate::ink::D;";
    assert_eq!(
        used_modules(code),
        ["bitmap", "data", "error", "ink"],
        "nested names are not roots"
    );
}
