//! Candle's parameters as plain slices, without a copy.

use std::cell::RefCell;

use candle_core::{CpuStorage, InplaceOp1, Layout, Result, Storage, StorageRef, Tensor, Var, bail};

/// The values of a contiguous `f32` tensor on the CPU, locked for reading.
pub(in crate::training) struct Values<'a> {
    storage: StorageRef<'a>,
    start: usize,
    end: usize,
}

impl<'a> Values<'a> {
    pub(in crate::training) fn of(tensor: &'a Tensor) -> Result<Self> {
        let (storage, layout) = tensor.storage_and_layout();
        let Some((start, end)) = layout.contiguous_offsets() else {
            bail!("a parameter is not contiguous")
        };
        Ok(Self {
            storage,
            start,
            end,
        })
    }

    pub(in crate::training) fn as_slice(&self) -> Result<&[f32]> {
        match &*self.storage {
            Storage::Cpu(storage) => Ok(&storage.as_slice::<f32>()?[self.start..self.end]),
            _ => bail!("a parameter is not on the CPU"),
        }
    }
}

/// Lets `change` write a parameter in place.
pub(in crate::training) fn write(var: &Var, change: impl FnMut(&mut [f32])) -> Result<()> {
    var.inplace_op1(&InPlace(RefCell::new(change)))
}

struct InPlace<F>(RefCell<F>);

impl<F: FnMut(&mut [f32])> InplaceOp1 for InPlace<F> {
    fn name(&self) -> &'static str {
        "digitpad-fused-update"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let CpuStorage::F32(values) = storage else {
            bail!("a parameter is not f32")
        };
        let Some((start, end)) = layout.contiguous_offsets() else {
            bail!("a parameter is not contiguous")
        };
        (self.0.borrow_mut())(&mut values[start..end]);
        Ok(())
    }
}
