//! Where a network is computed: on the processor, or on an accelerator that this program was built
//! for.

use std::{fmt, str::FromStr};

use candle_core::Device;
use serde::{Deserialize, Serialize};

use crate::error::{ModelError, Refusal};

/// What a person chooses to compute on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceChoice {
    /// An accelerator where there is one, or else the processor.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// NVIDIA's graphics cards.
    Cuda,
    /// Apple's.
    Metal,
}

impl DeviceChoice {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Cpu, Self::Cuda, Self::Metal];
    /// Those that are no processor, in the order in which they are tried.
    const ACCELERATORS: [Self; 2] = [Self::Cuda, Self::Metal];

    /// The name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::Metal => "metal",
        }
    }

    /// What it is, in a few words.
    pub fn description(self) -> &'static str {
        match self {
            Self::Auto => "A graphics card where one can be used, or else the processor",
            Self::Cpu => "The processor",
            Self::Cuda => "An NVIDIA graphics card",
            Self::Metal => "An Apple graphics card",
        }
    }

    /// Whether this program was built to use it.
    pub fn is_built(self) -> bool {
        match self {
            Self::Auto | Self::Cpu => true,
            Self::Cuda => cfg!(feature = "cuda"),
            Self::Metal => cfg!(feature = "metal"),
        }
    }

    /// Whether there is anything to choose: a program built for the processor alone has no choice.
    pub fn is_offered() -> bool {
        Self::ACCELERATORS.into_iter().any(Self::is_built)
    }

    /// Opens it. [`DeviceChoice::Auto`] is always opened.
    ///
    /// # Errors
    /// When the program was not built for it, or the machine has none that answers.
    pub fn open(self) -> Result<OpenDevice, ModelError> {
        let device = match self {
            Self::Auto => return Ok(open_any(&Self::ACCELERATORS)),
            Self::Cpu => Device::Cpu,
            Self::Cuda | Self::Metal => self.open_accelerator().map_err(ModelError::Refused)?,
        };
        Ok(OpenDevice { device, note: None })
    }

    /// Opens it or, where that cannot be, the processor, with a note that says so.
    pub fn open_or_cpu(self) -> OpenDevice {
        match self {
            Self::Auto | Self::Cpu => self.open().unwrap_or_else(|_| OpenDevice::cpu(None)),
            Self::Cuda | Self::Metal => open_any(&[self]),
        }
    }

    fn open_accelerator(self) -> Result<Device, Refusal> {
        let refuse = |found: String, expected: String| {
            let attempted = format!("compute on {}", self.name());
            Refusal::new(attempted, found, expected, "choose cpu or auto")
        };
        if !self.is_built() {
            return Err(refuse(
                "a program that was built without it".to_owned(),
                format!("one built with `--features {}`", self.name()),
            ));
        }
        let opened = match self {
            Self::Metal => Device::new_metal(0),
            _ => Device::new_cuda(0),
        };
        opened.map_err(|error| {
            // Only the first line: candle adds where in its sources it happened.
            let reason = error.to_string();
            let reason = reason.lines().next().unwrap_or_default().to_owned();
            refuse(reason, "a card and a driver that answer".to_owned())
        })
    }
}

/// Where to compute, and what a person should know about it.
#[derive(Clone, Debug)]
pub struct OpenDevice {
    /// For candle.
    pub device: Device,
    /// A sentence, where it is not what was hoped for.
    pub note: Option<String>,
}

impl OpenDevice {
    fn cpu(note: Option<String>) -> Self {
        Self {
            device: Device::Cpu,
            note,
        }
    }

    /// What it is: `cpu`, `cuda` or `metal`.
    pub fn name(&self) -> &'static str {
        match self.device {
            Device::Cpu => DeviceChoice::Cpu.name(),
            Device::Cuda(_) => DeviceChoice::Cuda.name(),
            Device::Metal(_) => DeviceChoice::Metal.name(),
        }
    }
}

/// The first of these that can be opened. The processor where none can; where the program was built for one of
/// them, or it was the only one asked for, with a note.
fn open_any(accelerators: &[DeviceChoice]) -> OpenDevice {
    let mut note = None;
    for &accelerator in accelerators {
        match accelerator.open_accelerator() {
            Ok(device) => return OpenDevice { device, note: None },
            Err(refusal) if accelerator.is_built() || accelerators.len() == 1 => {
                note.get_or_insert(format!(
                    "Computes on the processor: found {} for {}, expected {}.",
                    refusal.found,
                    accelerator.name(),
                    refusal.expected
                ));
            }
            Err(_) => {}
        }
    }
    OpenDevice::cpu(note)
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DeviceChoice {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        Refusal::parse_name("read the device", text, &Self::ALL, Self::name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_always_there() {
        let opened = DeviceChoice::Cpu.open().expect("every machine has one");
        assert_eq!((opened.name(), opened.note), ("cpu", None), "as asked for");
        let opened = DeviceChoice::Auto.open().expect("whatever there is");
        let is_silent = opened.note.is_none();
        let is_hoped_for = opened.name() != "cpu" || !DeviceChoice::is_offered();
        assert_eq!(
            is_silent, is_hoped_for,
            "a note where an accelerator was hoped for"
        );
    }

    #[test]
    fn what_the_program_was_not_built_for_is_refused_by_name() {
        for choice in DeviceChoice::ACCELERATORS {
            if choice.is_built() {
                continue;
            }
            let refusal = choice.open().expect_err("it was not built");
            for words in [choice.name(), "--features", "cpu or auto"] {
                assert!(
                    refusal.to_string().contains(words),
                    "{refusal} says {words}"
                );
            }
            let opened = choice.open_or_cpu();
            assert_eq!(opened.name(), "cpu", "a window goes on");
            let note = opened.note.expect("and says so");
            assert!(note.contains(choice.name()), "{note}");
        }
    }

    #[test]
    fn choices_are_found_by_their_names() {
        for choice in DeviceChoice::ALL {
            assert_eq!(choice.name().parse(), Ok(choice), "its own name");
        }
        assert!("gpu".parse::<DeviceChoice>().is_err(), "none of them");
    }
}
