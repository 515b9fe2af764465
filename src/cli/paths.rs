//! The paths of a command.

use std::path::{Path, PathBuf};

use crate::{
    error::{CliError, Refusal, excerpt},
    files::{is_same_file, try_write},
};

/// The option of a checkpoint to resume. The training may replace it.
pub(super) const RESUME: &str = "--resume";
/// The option of the checkpoints to write.
pub(super) const CHECKPOINT: &str = "--checkpoint";

/// The files that a command reads, and those that it writes.
#[derive(Debug, Default)]
pub(super) struct Paths {
    inputs: Vec<NamedPath>,
    outputs: Vec<NamedPath>,
}

#[derive(Debug)]
struct NamedPath {
    /// The option that names it.
    option: &'static str,
    path: PathBuf,
}

impl Paths {
    /// Adds files that the command reads.
    pub(super) fn reads(
        mut self,
        option: &'static str,
        paths: impl IntoIterator<Item: AsRef<Path>>,
    ) -> Self {
        self.inputs.extend(named(option, paths));
        self
    }

    /// Adds files that the command writes.
    pub(super) fn writes(
        mut self,
        option: &'static str,
        paths: impl IntoIterator<Item: AsRef<Path>>,
    ) -> Self {
        self.outputs.extend(named(option, paths));
        self
    }

    /// Checks that each output can be written, and is no input and no other output.
    pub(super) fn check(&self) -> Result<(), CliError> {
        for (index, output) in self.outputs.iter().enumerate() {
            if output.path.as_os_str() == "-" {
                let remedy = "name a file; ./- is a file of this name";
                return Err(output.refusal("standard output", "a file", remedy));
            }
            let others = self.inputs.iter().chain(&self.outputs[..index]);
            for NamedPath { option, path } in others {
                let may_replace = (*option, output.option) == (RESUME, CHECKPOINT);
                if !may_replace && is_same_file(path, &output.path) {
                    let found = format!("the file of {option}, {}", excerpt(path.display()));
                    return Err(output.refusal(&found, "another file", "choose another file"));
                }
            }
            try_write(&output.path, 0)?;
        }
        Ok(())
    }
}

impl NamedPath {
    fn refusal(&self, found: &str, expected: &str, remedy: &str) -> CliError {
        let (option, path) = (self.option, excerpt(self.path.display()));
        Refusal::new(format!("write {path} ({option})"), found, expected, remedy).into()
    }
}

fn named(
    option: &'static str,
    paths: impl IntoIterator<Item: AsRef<Path>>,
) -> impl Iterator<Item = NamedPath> {
    paths.into_iter().map(move |path| NamedPath {
        option,
        path: path.as_ref().to_owned(),
    })
}
