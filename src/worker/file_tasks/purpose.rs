//! The purpose of a file that the user names: one table for dialog, path field and notices.

/// The purpose of a file that the user names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilePurpose {
    /// Read a model's weights.
    LoadWeights,
    /// Write a model's weights.
    SaveWeights,
    /// Read a picture or an ink file onto the pad, or any other file that can be dropped on the window.
    OpenDrawing,
    /// Write the drawing as ink or as a picture.
    SaveDrawing,
    /// Name the folder of a data set to train on.
    TrainingFolder,
    /// Name the folder of a data set to evaluate on.
    EvaluationFolder,
    /// Name an ink file to evaluate on.
    EvaluationInk,
    /// Read a training configuration.
    LoadConfig,
    /// Write a training configuration.
    SaveConfig,
    /// Write the confusion matrix as a table.
    SaveConfusion,
    /// Write the curves of a training as a table.
    SaveCurves,
    /// Write the curves of a training as an image.
    SaveCurvesImage,
}

/// The use of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileAccess {
    /// A file is read.
    Read,
    /// A file is written.
    Write,
    /// A folder is named.
    Folder,
}

/// How a purpose is presented.
#[derive(Clone, Copy, Debug)]
pub struct FileDetails {
    /// The use of the path.
    pub access: FileAccess,
    /// The button that does it.
    pub verb: &'static str,
    /// The object of the verb, for titles and notices: "the weights".
    pub object: &'static str,
    /// The text of the path field.
    pub question: &'static str,
    /// The suggested file name.
    pub file_name: &'static str,
    /// The name of the file type.
    pub type_name: &'static str,
    /// Extensions of the file type, without the dot. Empty for folders.
    pub extensions: &'static [&'static str],
}

impl FilePurpose {
    /// How the purpose is presented.
    #[expect(clippy::too_many_lines, reason = "a table")]
    pub fn details(self) -> &'static FileDetails {
        match self {
            Self::LoadWeights => &FileDetails {
                access: FileAccess::Read,
                verb: "Load",
                object: "the weights",
                question: "Path of the weight file:",
                file_name: "model.safetensors",
                type_name: "Weights",
                extensions: &["safetensors"],
            },
            Self::SaveWeights => &FileDetails {
                access: FileAccess::Write,
                verb: "Save",
                object: "the weights",
                question: "Path of the new weight file:",
                file_name: "model.safetensors",
                type_name: "Weights",
                extensions: &["safetensors"],
            },
            Self::OpenDrawing => &FileDetails {
                access: FileAccess::Read,
                verb: "Open",
                object: "a file",
                question: "Path of a picture, an ink file, weights or training settings:",
                file_name: "seven.png",
                type_name: "Pictures, ink, weights and settings",
                extensions: &[
                    "png",
                    "jpg",
                    "jpeg",
                    "bmp",
                    "webp",
                    "gif",
                    "tif",
                    "tiff",
                    "pbm",
                    "pgm",
                    "ppm",
                    "pnm",
                    "jsonl",
                    "ndjson",
                    "json",
                    "gz",
                    "safetensors",
                    "toml",
                ],
            },
            Self::SaveDrawing => &FileDetails {
                access: FileAccess::Write,
                verb: "Save",
                object: "the drawing",
                question: "Path of the new file: ink (.jsonl), a drawing (.svg) or a 28×28 picture (.png):",
                file_name: "digit.jsonl",
                type_name: "Ink and pictures",
                extensions: &["jsonl", "gz", "svg", "png"],
            },
            Self::TrainingFolder => &FileDetails {
                access: FileAccess::Folder,
                verb: "Choose",
                object: "a data set",
                question: "Folder with the four IDX files:",
                file_name: "fashion-mnist",
                type_name: "Folders",
                extensions: &[],
            },
            Self::EvaluationFolder => &FileDetails {
                access: FileAccess::Folder,
                verb: "Choose",
                object: "an evaluation set",
                question: "Folder with the test set's IDX files:",
                file_name: "fashion-mnist",
                type_name: "Folders",
                extensions: &[],
            },
            Self::EvaluationInk => &FileDetails {
                access: FileAccess::Read,
                verb: "Choose",
                object: "an ink file to evaluate on",
                question: "Path of the ink file:",
                file_name: "digits.jsonl",
                type_name: "Ink",
                extensions: &["jsonl", "ndjson", "json", "gz"],
            },
            Self::LoadConfig => &FileDetails {
                access: FileAccess::Read,
                verb: "Load",
                object: "the training settings",
                question: "Path of the training settings:",
                file_name: "training.toml",
                type_name: "Training settings",
                extensions: &["toml"],
            },
            Self::SaveConfig => &FileDetails {
                access: FileAccess::Write,
                verb: "Save",
                object: "the training settings",
                question: "Path of the new settings file:",
                file_name: "training.toml",
                type_name: "Training settings",
                extensions: &["toml"],
            },
            Self::SaveConfusion => &FileDetails {
                access: FileAccess::Write,
                verb: "Save",
                object: "the confusion matrix",
                question: "Path of the new table (CSV):",
                file_name: "confusion.csv",
                type_name: "Tables",
                extensions: &["csv"],
            },
            Self::SaveCurves => &FileDetails {
                access: FileAccess::Write,
                verb: "Save",
                object: "the training curves",
                question: "Path of the new table (CSV):",
                file_name: "training.csv",
                type_name: "Tables",
                extensions: &["csv"],
            },
            Self::SaveCurvesImage => &FileDetails {
                access: FileAccess::Write,
                verb: "Save",
                object: "the curves image",
                question: "Path of the new image (PNG):",
                file_name: "training.png",
                type_name: "Images",
                extensions: &["png"],
            },
        }
    }

    /// The title of dialog and path field: "Save the weights".
    pub fn title(self) -> String {
        let FileDetails { verb, object, .. } = self.details();
        format!("{verb} {object}")
    }

    /// Whether a file is written.
    pub fn is_write(self) -> bool {
        self.details().access == FileAccess::Write
    }
}
