//! The paths of a command.

use std::path::{Path, PathBuf};

use crate::{
    error::{CliError, Refusal, excerpt},
    files::{is_same_file, kind::lowercase_extension, try_write},
};

/// The option of a checkpoint to resume. The training may replace it.
pub(super) const RESUME: &str = "--resume";
/// The option of the checkpoints to write.
pub(super) const CHECKPOINT: &str = "--checkpoint";

/// The files that a command reads, and those that it writes.
#[derive(Debug, Default)]
pub(super) struct CommandPaths {
    inputs: Vec<NamedPath>,
    outputs: Vec<NamedPath>,
}

#[derive(Debug)]
struct NamedPath {
    /// The option that names it.
    option: &'static str,
    path: PathBuf,
    /// Whether a PNG file is written.
    is_picture: bool,
}

impl CommandPaths {
    /// Adds files that the command reads.
    pub(super) fn reads(
        mut self,
        option: &'static str,
        paths: impl IntoIterator<Item: AsRef<Path>>,
    ) -> Self {
        self.inputs.extend(named(option, paths));
        self
    }

    /// Adds the files of a data set, and the names that would be read in their place: with or without `.gz`.
    pub(super) fn reads_data(self, option: &'static str, files: &[PathBuf]) -> Self {
        let other_name = |file: &PathBuf| match file.extension() {
            Some(extension) if extension == "gz" => file.with_extension(""),
            _ => file.with_added_extension("gz"),
        };
        let other_names: Vec<PathBuf> = files.iter().map(other_name).collect();
        self.reads(option, files).reads(option, other_names)
    }

    /// Adds pictures that the command writes.
    pub(super) fn draws(
        self,
        option: &'static str,
        paths: impl IntoIterator<Item: AsRef<Path>>,
    ) -> Self {
        let mut paths = self.writes(option, paths);
        let new = paths.outputs.iter_mut().filter(|it| it.option == option);
        new.for_each(|output| output.is_picture = true);
        paths
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
        const NAME_A_FILE: &str = "name a file; ./- is a file of this name";
        if let Some(input) = self.inputs.iter().find(|input| input.is_stream()) {
            let expected = "a file; only predict and explain read standard input";
            return Err(input.refusal("read", "standard input", expected, NAME_A_FILE));
        }
        for (index, output) in self.outputs.iter().enumerate() {
            if output.is_stream() {
                let found = "standard output";
                return Err(output.refusal("write", found, "a file", NAME_A_FILE));
            }
            let others = self.inputs.iter().chain(&self.outputs[..index]);
            for NamedPath { option, path, .. } in others {
                let may_replace = (*option, output.option) == (RESUME, CHECKPOINT);
                if !may_replace && is_same_file(path, &output.path) {
                    let found = format!("the file of {option}, {}", excerpt(path.display()));
                    let remedy = "choose another file";
                    return Err(output.refusal("write", &found, "another file", remedy));
                }
            }
            let extension = lowercase_extension(&output.path);
            if let Some(extension) = extension.filter(|it| output.is_picture && it != "png") {
                let found = format!("the ending .{}", excerpt(extension));
                return Err(output.refusal("write", &found, ".png", "choose another name"));
            }
            try_write(&output.path, 0)?;
        }
        Ok(())
    }
}

impl NamedPath {
    /// Whether the path stands for standard input or output.
    fn is_stream(&self) -> bool {
        self.path.as_os_str() == "-"
    }

    fn refusal(&self, attempt: &str, found: &str, expected: &str, remedy: &str) -> CliError {
        let (option, path) = (self.option, excerpt(self.path.display()));
        let attempted = format!("{attempt} {path} ({option})");
        Refusal::new(attempted, found, expected, remedy).into()
    }
}

fn named(
    option: &'static str,
    paths: impl IntoIterator<Item: AsRef<Path>>,
) -> impl Iterator<Item = NamedPath> {
    paths.into_iter().map(move |path| NamedPath {
        option,
        path: path.as_ref().to_owned(),
        is_picture: false,
    })
}
