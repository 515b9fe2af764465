//! The device that computes a network: the processor, or a graphics card that this program was built for.

use std::fmt;

use candle_core::Device;
use clap::{ValueEnum, builder::PossibleValue};
use serde::{Deserialize, Serialize};

use crate::error::{ModelError, Refusal};

/// A user's choice of device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceChoice {
    /// A graphics card if one is usable, else the processor
    #[default]
    Auto,
    /// The processor
    Cpu,
    /// An NVIDIA graphics card
    #[value(hide = !cfg!(feature = "cuda"))]
    Cuda,
    /// An Apple graphics card
    #[value(hide = !cfg!(feature = "metal"))]
    Metal,
}

impl DeviceChoice {
    /// The graphics cards, in the order in which [`DeviceChoice::Auto`] tries them.
    const ACCELERATORS: [Self; 2] = [Self::Cuda, Self::Metal];

    /// A short description.
    pub fn description(self) -> String {
        let value = self.to_possible_value();
        let help = value.as_ref().and_then(PossibleValue::get_help);
        help.map(ToString::to_string).unwrap_or_default()
    }

    /// Whether this program was built to use it.
    pub fn is_built(self) -> bool {
        match self {
            Self::Auto | Self::Cpu => true,
            Self::Cuda => cfg!(feature = "cuda"),
            Self::Metal => cfg!(feature = "metal"),
        }
    }

    /// Whether this program has a choice: it was built for at least one graphics card.
    pub fn is_offered() -> bool {
        Self::ACCELERATORS.into_iter().any(Self::is_built)
    }

    /// Opens the device. [`DeviceChoice::Auto`] always succeeds.
    ///
    /// # Errors
    /// If the program was built without this device, or no working card exists.
    pub fn open(self) -> Result<OpenDevice, ModelError> {
        let device = match self {
            Self::Auto => return Ok(open_first(&Self::ACCELERATORS)),
            Self::Cpu => Device::Cpu,
            Self::Cuda | Self::Metal => self.open_accelerator()?,
        };
        Ok(OpenDevice { device, note: None })
    }

    /// Opens the device. If that fails, opens the processor with a note that says so.
    pub fn open_or_cpu(self) -> OpenDevice {
        match self {
            Self::Auto => open_first(&Self::ACCELERATORS),
            Self::Cpu => open_first(&[]),
            Self::Cuda | Self::Metal => open_first(&[self]),
        }
    }

    fn open_accelerator(self) -> Result<Device, Refusal> {
        let refuse = |found: String, expected: String| {
            Refusal::new(
                format!("compute on {self}"),
                found,
                expected,
                "choose cpu or auto",
            )
        };
        if !self.is_built() {
            return Err(refuse(
                "a program without support for it".to_owned(),
                format!("one built with `--features {self}`"),
            ));
        }
        let opened = match self {
            Self::Metal => Device::new_metal(0),
            _ => Device::new_cuda(0),
        };
        opened.map_err(|error| {
            // candle's other lines are a backtrace.
            let reason = error.to_string();
            let reason = reason.lines().next().unwrap_or_default().to_owned();
            refuse(reason, "a graphics card and a driver that work".to_owned())
        })
    }
}

/// The name in files and on the command line.
impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(
            self.to_possible_value()
                .as_ref()
                .map_or("", PossibleValue::get_name),
        )
    }
}

/// An open device.
#[derive(Clone, Debug)]
pub struct OpenDevice {
    /// The device of candle.
    pub device: Device,
    /// A sentence for the user, if this is not the device of choice.
    pub note: Option<String>,
}

impl OpenDevice {
    /// The kind of device; never [`DeviceChoice::Auto`].
    pub fn kind(&self) -> DeviceChoice {
        match self.device {
            Device::Cpu => DeviceChoice::Cpu,
            Device::Cuda(_) => DeviceChoice::Cuda,
            Device::Metal(_) => DeviceChoice::Metal,
        }
    }
}

/// Opens the first of these that works, else the processor. A note tells the first failure of a device that the
/// program was built for, or that is the only choice.
fn open_first(accelerators: &[DeviceChoice]) -> OpenDevice {
    let mut note = None;
    for &accelerator in accelerators {
        match accelerator.open_accelerator() {
            Ok(device) => return OpenDevice { device, note: None },
            Err(refusal) if accelerator.is_built() || accelerators.len() == 1 => {
                note.get_or_insert(format!(
                    "Computes on the processor: found {} for {accelerator}, expected {}.",
                    refusal.found, refusal.expected
                ));
            }
            Err(_) => {}
        }
    }
    OpenDevice {
        device: Device::Cpu,
        note,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::InputError;

    #[test]
    fn the_processor_is_always_available() {
        for opened in [
            DeviceChoice::Cpu.open().expect("every machine has one"),
            DeviceChoice::Cpu.open_or_cpu(),
        ] {
            assert_eq!(
                (opened.kind(), opened.note),
                (DeviceChoice::Cpu, None),
                "without a note"
            );
        }
        let opened = DeviceChoice::Auto
            .open()
            .expect("falls back to the processor");
        let is_expected = opened.kind() != DeviceChoice::Cpu || !DeviceChoice::is_offered();
        assert_eq!(
            opened.note.is_none(),
            is_expected,
            "a note if a usable card was expected"
        );
    }

    #[test]
    fn a_device_without_support_is_refused_by_name() {
        for choice in DeviceChoice::ACCELERATORS {
            if choice.is_built() {
                continue;
            }
            let error = choice.open().expect_err("it is not built in");
            let ModelError::Input(InputError::Refused(refusal)) = error else {
                panic!("{error}")
            };
            assert_eq!(
                refusal.attempted,
                format!("compute on {choice}"),
                "names the device"
            );
            assert!(
                refusal.expected.contains(&format!("--features {choice}")),
                "names the remedy"
            );
            let opened = choice.open_or_cpu();
            assert_eq!(
                opened.kind(),
                DeviceChoice::Cpu,
                "falls back to the processor"
            );
            let note = opened.note.expect("a note says so");
            assert!(note.contains(&choice.to_string()), "{note}");
        }
    }

    #[test]
    fn names_are_those_of_files() {
        for (choice, name) in [(DeviceChoice::Auto, "auto"), (DeviceChoice::Cuda, "cuda")] {
            assert_eq!(choice.to_string(), name, "its name");
            assert_eq!(
                serde_json::to_value(choice).ok(),
                Some(name.into()),
                "and in files"
            );
            assert!(
                !choice.description().is_empty(),
                "{choice} has a description"
            );
        }
    }
}
