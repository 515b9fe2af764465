//! The sources as the architecture's rules see them: what each one uses, without comments, texts and tests.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use crate::tokens::{Token, lex};

/// One file below `src/`.
pub(crate) struct Source {
    /// From `src/`, with forward slashes.
    path: String,
    text: String,
    tokens: Vec<Token>,
    /// Paths that it uses: from `crate::`, or from a crate's or an item's name.
    uses: BTreeSet<String>,
}

/// All sources of the crate.
pub(crate) fn all() -> Vec<Source> {
    let mut files = BTreeMap::new();
    collect(
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")),
        "",
        &mut files,
    );
    assert!(files.len() > 10, "the sources are found");
    let mut sources: Vec<_> = files
        .into_iter()
        .map(|(path, text)| Source::new(path, text))
        .collect();
    let tests: Vec<String> = sources.iter().flat_map(Source::test_modules).collect();
    for source in &mut sources {
        if tests.iter().any(|module| source.is_in(module)) {
            source.uses.clear();
        }
    }
    sources
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the entry can be read").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("names are text");
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), files);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = fs::read_to_string(&path).expect("a source is text");
            files.insert(format!("{prefix}{name}"), text);
        }
    }
}

/// The paths of the files that a chain of `mod` leads to.
pub(crate) fn reached(sources: &[Source]) -> BTreeSet<&str> {
    let mut reached = BTreeSet::new();
    let mut next = vec!["lib.rs".to_owned(), "main.rs".to_owned()];
    while let Some(path) = next.pop() {
        let source = sources.iter().find(|source| source.path == path);
        if let Some(source) = source
            && reached.insert(source.path.as_str())
        {
            next.extend(modules(&source.tokens).map(|name| source.child(name)));
        }
    }
    reached
}

impl Source {
    fn new(path: String, text: String) -> Self {
        let tokens = lex(&text);
        let module = module_of(&path);
        let module: Vec<&str> = module.iter().map(String::as_str).collect();
        let uses = uses_of(&without_tests(&tokens), &module);
        Self {
            path,
            text,
            tokens,
            uses,
        }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn line_count(&self) -> usize {
        self.text.lines().count()
    }

    /// Whether a word stands anywhere in it, comments included.
    pub(crate) fn says(&self, word: &str) -> bool {
        self.text.contains(word)
    }

    /// The module of the crate's root that it belongs to; `None` for the roots themselves.
    pub(crate) fn room(&self) -> Option<String> {
        module_of(&self.path).into_iter().next()
    }

    /// Whether it belongs to a module, given as `app::state`.
    pub(crate) fn is_in(&self, module: &str) -> bool {
        let own = module_of(&self.path);
        let parts: Vec<&str> = module.split("::").collect();
        own.len() >= parts.len() && own.iter().zip(parts).all(|(own, part)| own == part)
    }

    pub(crate) fn uses(&self) -> impl Iterator<Item = &str> {
        self.uses.iter().map(String::as_str)
    }

    pub(crate) fn calls_macro(&self, name: &str) -> bool {
        let tokens = without_tests(&self.tokens);
        tokens
            .windows(2)
            .any(|pair| pair[0].is(name) && pair[1].is("!"))
    }

    /// The modules with files of their own that it declares for tests only, such as `app::state::tests`.
    fn test_modules(&self) -> Vec<String> {
        let kept = without_tests(&self.tokens);
        let kept: BTreeSet<&str> = modules(&kept).collect();
        let declared = modules(&self.tokens);
        declared
            .filter(|name| !kept.contains(name))
            .map(|name| {
                [module_of(&self.path), vec![name.to_owned()]]
                    .concat()
                    .join("::")
            })
            .collect()
    }

    /// The file of a module that it declares.
    fn child(&self, name: &str) -> String {
        let mut parts = module_of(&self.path);
        parts.push(name.to_owned());
        parts.join("/") + ".rs"
    }
}

/// `["app", "state"]` of `app/state.rs`; nothing of the roots.
fn module_of(path: &str) -> Vec<String> {
    if matches!(path, "lib.rs" | "main.rs") {
        return Vec::new();
    }
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    stem.split('/').map(ToOwned::to_owned).collect()
}

/// The names in `mod name;`.
fn modules(tokens: &[Token]) -> impl Iterator<Item = &str> {
    tokens.windows(3).filter_map(|three| {
        if three[0].is("mod") && three[2].is(";") {
            three[1].word()
        } else {
            None
        }
    })
}

/// Leaves out every item under `#[cfg(test)]`.
fn without_tests(tokens: &[Token]) -> Vec<Token> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let here = &tokens[at..];
        if here.len() >= MARK.len() && here.iter().zip(MARK).all(|(token, mark)| token.is(mark)) {
            at += MARK.len() + item_length(&here[MARK.len()..]);
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

/// How many tokens an item has: to its semicolon, or to the brace that closes its body.
fn item_length(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Mark('{' | '(' | '[') => depth += 1,
            Token::Mark(close @ ('}' | ')' | ']')) => {
                depth = depth.saturating_sub(1);
                if depth == 0 && *close == '}' {
                    return at + 1;
                }
            }
            Token::Mark(';') if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

/// All paths that are imported or written out.
fn uses_of(tokens: &[Token], module: &[&str]) -> BTreeSet<String> {
    let mut uses = BTreeSet::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at].is("use") && !tokens.get(at + 1).is_some_and(|next| next.is("<")) {
            at += 1;
            at += imports(&tokens[at..], &[], module, &mut uses);
        } else if tokens[at].word().is_some() {
            let length = path_length(&tokens[at..]);
            // What follows `>::` is somebody's item, and a word alone is nobody's path.
            if length > 1 && (at == 0 || !tokens[at - 1].is("::")) {
                let path = tokens[at..at + length].iter().filter_map(Token::word);
                uses.insert(absolute(&path.collect::<Vec<_>>(), module));
            }
            at += length;
        } else {
            at += 1;
        }
    }
    uses
}

/// How many tokens of `a::b::c` stand at the start, beginning with a word.
fn path_length(tokens: &[Token]) -> usize {
    let mut length = 1;
    while let [colons, name, ..] = &tokens[length..]
        && colons.is("::")
        && name.word().is_some()
    {
        length += 2;
    }
    length
}

/// Reads one tree of a `use` into paths, and returns how many tokens it has.
fn imports(
    tokens: &[Token],
    prefix: &[&str],
    module: &[&str],
    uses: &mut BTreeSet<String>,
) -> usize {
    let mut path = prefix.to_vec();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token {
            Token::Word(word) if word == "as" => at += 1,
            Token::Word(word) if word == "self" && !path.is_empty() => {}
            Token::Word(word) => path.push(word),
            Token::Mark('{') => {
                at += 1;
                while !tokens[at].is("}") {
                    at += imports(&tokens[at..], &path, module, uses);
                    if tokens[at].is(",") {
                        at += 1;
                    }
                }
                return at + 1;
            }
            Token::Mark(',' | '}' | ';') => break,
            _ => {}
        }
        at += 1;
    }
    uses.insert(absolute(&path, module));
    at
}

/// A path from the crate's root, where it is one within the crate.
fn absolute(path: &[&str], module: &[&str]) -> String {
    let mut absolute = match path.first() {
        Some(&("self" | "super")) => [&["crate"], module].concat(),
        _ => Vec::new(),
    };
    for part in path {
        match *part {
            "super" => {
                absolute.pop();
            }
            "self" => {}
            part => absolute.push(part),
        }
    }
    absolute.join("::")
}

#[test]
fn what_a_source_uses_is_found() {
    let cases: [(&str, &[&str], &str); 12] = [
        ("use egui;", &["egui"], "a crate"),
        (
            "pub use a::{b, c::{self, D as E}, f::*};",
            &["a::b", "a::c", "a::c::D", "a::f"],
            "a tree",
        ),
        ("use super::x::Y;", &["crate::app::x::Y"], "a neighbour"),
        ("use super::super::ui;", &["crate::ui"], "another room"),
        ("use self::x::Y;", &["crate::app::state::x::Y"], "a part"),
        (
            "fn f() { eframe::run(crate::ui::g()) }",
            &["crate::ui::g", "eframe::run"],
            "in passing",
        ),
        ("x::<crate::ui::A>()", &["crate::ui::A"], "within a type"),
        (
            "// egui::a\n/* rfd::b /* c::d */ e::f */ /// g::h\n",
            &[],
            "comments",
        ),
        (
            r##"f("a::b \" c::d", r#"e::f " g::h"#, 'a', '\'', b"i::j")"##,
            &[],
            "texts",
        ),
        ("fn f<'a>(x: &'a a::B) {}", &["a::B"], "beside a lifetime"),
        (
            "#[cfg(test)]\nmod t { use egui; fn f() { if x {} } }\nuse a::b;",
            &["a::b"],
            "tests",
        ),
        (
            "#[cfg(test)]\nuse egui::{a, b};\nuse a::b;",
            &["a::b"],
            "a test's import",
        ),
    ];
    for (text, expected, reason) in cases {
        let source = Source::new("app/state.rs".to_owned(), text.to_owned());
        assert_eq!(
            source.uses().collect::<Vec<_>>(),
            expected,
            "{reason}: {text}"
        );
    }
}

#[test]
fn a_file_for_tests_is_told_from_others() {
    let text = "mod a;\n#[cfg(test)]\nmod tests;\nmod b { fn f() { println!() } }";
    let source = Source::new("app/state.rs".to_owned(), text.to_owned());
    assert_eq!(
        source.test_modules(),
        ["app::state::tests"],
        "only the marked one"
    );
    assert_eq!(
        modules(&source.tokens).collect::<Vec<_>>(),
        ["a", "tests"],
        "those with files"
    );
    assert!(
        source.calls_macro("println") && !source.calls_macro("print"),
        "whole names"
    );
}
