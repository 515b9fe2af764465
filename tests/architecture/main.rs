//! The layout's directions, read from the sources: which room may know which room and which crate.
//!
//! A room is a module of the crate's root, with all that lies below it. Tests within the sources may use
//! what they like.

mod sources;
mod tokens;

use std::{collections::BTreeSet, fs};

use sources::Source;

/// A room, or a part of one, with what it must not and what it may know.
struct Rule {
    /// Paths of modules from the crate's root, such as `app::state`.
    rooms: &'static [&'static str],
    /// The only other rooms that it may use.
    may_use: &'static [&'static str],
    /// Crates, or paths in them, that it must not use.
    never: &'static [&'static str],
    /// Why, for whoever breaks it.
    reason: &'static str,
}

const WINDOW: &[&str] = &["egui", "egui_plot", "eframe", "rfd", "winit"];
const WINDOW_AND_NETWORK: &[&str] = &[
    "egui",
    "egui_plot",
    "eframe",
    "rfd",
    "winit",
    "candle_core",
    "candle_nn",
    "gemm",
];
const DOMAIN: &[&str] = &[
    "bitmap",
    "error",
    "files",
    "ink",
    "image_input",
    "dataset",
    "model",
    "recognition",
    "training",
    "measurement",
];

const DOMAIN_AND_WORKER: &[&str] = &[
    "bitmap",
    "error",
    "files",
    "ink",
    "image_input",
    "dataset",
    "model",
    "recognition",
    "training",
    "measurement",
    "worker",
];

const RULES: &[Rule] = &[
    Rule {
        rooms: &["bitmap", "error"],
        may_use: &[],
        never: &["std::fs", "std::thread", "std::net"],
        reason: "everything rests on them",
    },
    Rule {
        rooms: &["files"],
        may_use: &["error"],
        never: WINDOW_AND_NETWORK,
        reason: "it knows bytes and paths",
    },
    Rule {
        rooms: &["ink", "dataset", "image_input"],
        may_use: &["bitmap", "error", "files", "ink", "dataset", "image_input"],
        never: WINDOW_AND_NETWORK,
        reason: "pictures know neither networks nor windows",
    },
    Rule {
        rooms: &["model", "recognition"],
        may_use: &["bitmap", "error", "files", "model", "recognition"],
        never: WINDOW,
        reason: "a network knows neither data nor windows",
    },
    Rule {
        rooms: &["training"],
        may_use: &["bitmap", "error", "dataset", "model"],
        never: &[
            "egui",
            "egui_plot",
            "eframe",
            "rfd",
            "winit",
            "indicatif",
            "std::thread::spawn",
            "std::fs",
            "std::process",
        ],
        reason: "a training tells by events, leaves no thread behind, and touches no files",
    },
    Rule {
        rooms: &["measurement"],
        may_use: &[
            "bitmap",
            "error",
            "ink",
            "dataset",
            "model",
            "recognition",
            "training",
        ],
        never: &[
            "egui",
            "egui_plot",
            "eframe",
            "rfd",
            "winit",
            "candle_core",
            "candle_nn",
            "gemm",
            "std::thread",
            "std::fs",
        ],
        reason: "a measurement runs where it is called, and asks the model through its own interface",
    },
    Rule {
        rooms: &["worker"],
        may_use: DOMAIN,
        never: &["egui", "egui_plot", "eframe", "winit"],
        reason: "a worker wakes its owner through a plain function",
    },
    Rule {
        rooms: &["app::action", "app::state", "app::settings"],
        may_use: DOMAIN_AND_WORKER,
        never: &[
            "egui",
            "egui_plot",
            "eframe",
            "rfd",
            "winit",
            "candle_core",
            "candle_nn",
            "gemm",
            "std::thread",
            "crate::worker::Waker",
            "crate::worker::trainer::Trainer",
            "crate::worker::predictor::Predictor",
            "crate::worker::file_tasks::FileTasks",
        ],
        reason: "the state knows what workers say, not the workers, and is tested without a window",
    },
    Rule {
        rooms: &["ui"],
        may_use: &[
            "app",
            "bitmap",
            "error",
            "ink",
            "dataset",
            "model",
            "recognition",
            "training",
            "measurement",
        ],
        never: &[
            "eframe",
            "rfd",
            "winit",
            "candle_core",
            "candle_nn",
            "std::fs",
            "std::thread",
            "std::sync::mpsc",
            "std::net",
        ],
        reason: "a panel reads the state, draws it, and returns actions",
    },
    Rule {
        rooms: &["cli"],
        may_use: DOMAIN,
        never: WINDOW,
        reason: "the command line needs no display",
    },
];

/// The crate's rooms: a rule about one that has moved away would hold of nothing.
const ROOMS: &[&str] = &[
    "app",
    "bitmap",
    "cli",
    "dataset",
    "error",
    "files",
    "image_input",
    "ink",
    "measurement",
    "model",
    "recognition",
    "training",
    "ui",
    "worker",
];

/// A source may grow to this many lines; beyond, it wants to be two.
const MOST_LINES: usize = 400;

/// Sources of a room or a part of one.
fn of_room<'a>(sources: &'a [Source], room: &str) -> Vec<&'a Source> {
    let found: Vec<_> = sources.iter().filter(|source| source.is_in(room)).collect();
    assert!(!found.is_empty(), "no source is in {room}: has it moved?");
    found
}

#[test]
fn the_rooms_are_those_of_the_plan() {
    let sources = sources::all();
    let found: BTreeSet<String> = sources.iter().filter_map(Source::room).collect();
    let planned: BTreeSet<String> = ROOMS.iter().map(ToString::to_string).collect();
    assert_eq!(found, planned, "a new room needs a rule");
}

#[test]
fn each_room_knows_only_what_it_may() {
    let sources = sources::all();
    let mut broken = Vec::new();
    for Rule {
        rooms,
        may_use,
        never,
        reason,
    } in RULES
    {
        for (room, source) in rooms
            .iter()
            .flat_map(|room| of_room(&sources, room).into_iter().map(move |s| (room, s)))
        {
            let own = room.split("::").next().unwrap_or(room);
            for path in source.uses() {
                let other = path
                    .strip_prefix("crate::")
                    .and_then(|path| path.split("::").next());
                let is_foreign =
                    other.is_some_and(|other| other != own && !may_use.contains(&other));
                if is_foreign || never.iter().any(|never| is_below(path, never)) {
                    broken.push(format!("{} uses {path}, but {reason}", source.path()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Whether a path is another one or leads on from it.
fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[test]
fn some_crates_have_one_place() {
    let sources = sources::all();
    let table: &[(&str, &[&str], &str)] = &[
        (
            "eframe",
            &["app.rs", "app/effects.rs"],
            "only the app is one",
        ),
        (
            "rfd",
            &["worker.rs", "worker/"],
            "dialogs are waited for by workers",
        ),
        (
            "clap",
            &["cli.rs", "cli/"],
            "arguments are the command line's",
        ),
        ("indicatif", &["cli.rs", "cli/"], "so are progress bars"),
        ("ctrlc", &["cli.rs", "cli/"], "and signals"),
        (
            "mimalloc",
            &["main.rs"],
            "the program chooses its allocator, a library does not",
        ),
        ("env_logger", &["main.rs"], "and where the log goes"),
        (
            "thiserror",
            &["error.rs"],
            "errors are defined in one place",
        ),
    ];
    for (name, places, reason) in table {
        let users: Vec<&str> = sources
            .iter()
            .filter(|source| source.uses().any(|path| is_below(path, name)))
            .map(Source::path)
            .collect();
        assert!(!users.is_empty(), "nobody uses {name} any more");
        for user in users {
            let is_place =
                |place: &&str| user == *place || place.ends_with('/') && user.starts_with(place);
            assert!(places.iter().any(is_place), "{user} uses {name}: {reason}");
        }
    }
}

#[test]
fn the_foundations_need_the_standard_library_only() {
    let manifest = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    let manifest: toml::Table = manifest.expect("is there").parse().expect("it is TOML");
    let dependencies = manifest["dependencies"].as_table().expect("a table");
    let crates: BTreeSet<String> = dependencies
        .keys()
        .map(|name| name.replace('-', "_"))
        .collect();
    let sources = sources::all();
    for (room, allowed) in [("bitmap", ""), ("error", "thiserror")] {
        for source in of_room(&sources, room) {
            for path in source.uses() {
                let first = path.split("::").next().unwrap_or(path);
                let is_foreign = crates.contains(first) && first != allowed;
                assert!(
                    !is_foreign,
                    "{} uses {path}: everything rests on it",
                    source.path()
                );
            }
        }
    }
}

#[test]
fn nothing_but_the_command_line_prints() {
    for source in sources::all() {
        let is_program = source.path() == "main.rs" || source.is_in("cli");
        for name in ["println", "print", "eprintln", "eprint", "dbg"] {
            let prints = source.calls_macro(name);
            assert!(is_program || !prints, "{} calls {name}!", source.path());
        }
    }
}

#[test]
fn sources_are_short_whole_and_in_their_place() {
    let sources = sources::all();
    let reached = sources::reached(&sources);
    let mut faults = Vec::new();
    for source in &sources {
        let path = source.path();
        let lines = source.line_count();
        if lines > MOST_LINES {
            faults.push(format!("{path} has {lines} lines, more than {MOST_LINES}"));
        }
        if path.ends_with("mod.rs") {
            faults.push(format!("{path}: foo.rs lies beside foo/"));
        }
        if !reached.contains(path) {
            faults.push(format!("no module declares {path}"));
        }
        for word in ["TODO", "FIXME", "XXX"] {
            if source.says(word) {
                faults.push(format!("{path} says {word}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
