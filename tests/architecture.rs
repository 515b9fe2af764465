//! Holds the table "Who may know whom" of ARCHITECTURE.md, by plain searches in the sources.

use std::{fs, path::Path};

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

/// A folder or file below `src`, and the texts that must not occur in it.
struct Ban {
    place: &'static str,
    texts: &'static [&'static str],
    reason: &'static str,
}

const BANS: &[Ban] = &[
    ban(
        "bitmap",
        &["std::fs", "std::thread"],
        "everything rests on it",
    ),
    ban(
        "error",
        &["std::fs", "std::thread"],
        "everything rests on it",
    ),
    ban("files", &["candle_"], "it knows bytes and paths"),
    ban("ink", &["candle_"], "ink knows no networks"),
    ban("picture", &["candle_"], "pictures know no networks"),
    ban("synth", &["candle_"], "synthetic ink knows no networks"),
    ban("data", &["candle_"], "data knows no networks"),
    ban("model", &["crate::data"], "a network knows no data"),
    ban(
        "recognition",
        &["thread::spawn"],
        "its caller chooses the thread",
    ),
    ban(
        "evaluation",
        &["thread::spawn"],
        "its caller chooses the thread",
    ),
    ban(
        "training",
        &["std::fs", "thread::spawn", "println!"],
        "a training reports by events",
    ),
    ban("store", &["thread::spawn"], "its caller chooses the thread"),
    ban(
        "app/action",
        &["egui", "std::fs", "std::thread"],
        "decisions are tested headless",
    ),
    ban(
        "app/effect",
        &["egui", "std::fs", "std::thread"],
        "decisions are tested headless",
    ),
    ban(
        "app/state",
        &["egui", "std::fs", "std::thread"],
        "decisions are tested headless",
    ),
    ban(
        "ui",
        &["std::fs", "mpsc", "candle_", "rfd"],
        "panels draw and return actions",
    ),
    ban(
        "cli",
        &["egui", "crate::ui"],
        "the command line needs no window",
    ),
];

const fn ban(place: &'static str, texts: &'static [&'static str], reason: &'static str) -> Ban {
    Ban {
        place,
        texts,
        reason,
    }
}

/// The text of a source file without comments and without its tests.
fn code_of(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file is text");
    let code = text
        .split("\n#[cfg(test)]\nmod ")
        .next()
        .unwrap_or_default();
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    code.lines().filter(is_code).collect::<Vec<_>>().join("\n")
}

/// Every source file below `src` that is not a test: its path from `src` without the extension, and its code.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src can be listed").flatten() {
            let path = entry.path();
            let name = path
                .strip_prefix(&root)
                .expect("it lies in src")
                .with_extension("");
            let name = name.to_string_lossy().replace('\\', "/");
            if name
                .split('/')
                .any(|part| part == "tests" || part == "test_support")
            {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push((name, code_of(&path)));
            }
        }
    }
    assert!(found.len() > 50, "the sources are found: {}", found.len());
    found
}

/// The root modules that a file names: `crate::name`, and the first names in `crate::{…}`.
fn used_modules(code: &str) -> Vec<&str> {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    let name_length = |text: &str| text.find(|c| !is_letter(c)).unwrap_or(text.len());
    let mut used = Vec::new();
    for (at, found) in code.match_indices("crate::") {
        let rest = &code[at + found.len()..];
        let Some(list) = rest.strip_prefix('{') else {
            used.push(&rest[..name_length(rest)]);
            continue;
        };
        let mut depth = 1;
        let mut name_begins = true;
        for (index, letter) in list.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' if depth == 1 => break,
                '}' => depth -= 1,
                ',' if depth == 1 => name_begins = true,
                letter if is_letter(letter) && name_begins => {
                    let name = &list[index..];
                    used.push(&name[..name_length(name)]);
                    name_begins = false;
                }
                _ => {}
            }
        }
    }
    used
}

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

#[test]
fn modules_use_only_their_own_layer_and_those_above() {
    let mut violations = Vec::new();
    for (name, code) in sources() {
        let module = name.split('/').next().unwrap_or_default();
        // The loop joins the state with the panels.
        let module = if ["app", "app/effects"].contains(&name.as_str()) {
            "ui"
        } else {
            module
        };
        let Some(own) = layer_of(module) else {
            assert!(["lib", "main"].contains(&module), "{module} has no layer");
            continue;
        };
        if !name.contains('/') && code.contains("super::") {
            violations.push(format!(
                "src/{name}.rs names the root of the crate as super"
            ));
        }
        for used in used_modules(&code) {
            if layer_of(used).is_none_or(|layer| layer > own) {
                violations.push(format!("src/{name}.rs uses {used}"));
            }
        }
    }
    assert!(
        violations.is_empty(),
        "a module uses its own layer and those above it:\n{}",
        violations.join("\n")
    );
}

#[test]
fn banned_texts_occur_nowhere() {
    let sources = sources();
    for Ban {
        place,
        texts,
        reason,
    } in BANS
    {
        let inside = |name: &str| name == *place || name.starts_with(&format!("{place}/"));
        for (name, code) in sources.iter().filter(|(name, _)| inside(name)) {
            for text in *texts {
                assert!(
                    !code.contains(text),
                    "src/{name}.rs must not know {text}: {reason}"
                );
            }
        }
    }
    for (name, code) in &sources {
        let may_know_egui = ["app", "ui", "main"]
            .iter()
            .any(|place| name == place || name.starts_with(&format!("{place}/")));
        assert!(
            may_know_egui || !code.contains("egui"),
            "src/{name}.rs must not know egui"
        );
        assert!(
            name.starts_with("worker") || !code.contains("rfd::"),
            "src/{name}.rs must not know rfd"
        );
    }
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
