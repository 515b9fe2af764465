//! candle's parameters as slices, without a copy.

use std::cell::RefCell;

use candle_core::{CpuStorage, InplaceOp1, Layout, Result, Storage, StorageRef, Tensor, Var, bail};

/// The values of a contiguous `f32` tensor on the CPU, under a read lock.
pub(crate) struct Values<'a> {
    storage: StorageRef<'a>,
    start: usize,
    end: usize,
}

impl<'a> Values<'a> {
    pub(crate) fn of(tensor: &'a Tensor) -> Result<Self> {
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

    pub(crate) fn as_slice(&self) -> Result<&[f32]> {
        match &*self.storage {
            Storage::Cpu(storage) => Ok(&storage.as_slice::<f32>()?[self.start..self.end]),
            _ => bail!("a parameter is not on the CPU"),
        }
    }
}

/// Gives `change` all of these for writing in place, at the same time.
pub(crate) fn write_all(vars: &[&Var], change: &mut dyn FnMut(Vec<&mut [f32]>)) -> Result<()> {
    write_rest(vars, Vec::with_capacity(vars.len()), change)
}

fn write_rest(
    vars: &[&Var],
    before: Vec<&mut [f32]>,
    change: &mut dyn FnMut(Vec<&mut [f32]>),
) -> Result<()> {
    let Some((var, rest)) = vars.split_first() else {
        change(before);
        return Ok(());
    };
    let mut before = Some(before);
    let mut result = Ok(());
    let with_this = |values: &mut [f32]| {
        let mut values_so_far: Vec<&mut [f32]> = before.take().unwrap_or_default();
        values_so_far.push(values);
        result = write_rest(rest, values_so_far, change);
    };
    var.inplace_op1(&InPlace(RefCell::new(with_this)))?;
    result
}

struct InPlace<F>(RefCell<F>);

impl<F: FnMut(&mut [f32])> InplaceOp1 for InPlace<F> {
    fn name(&self) -> &'static str {
        "digitpad-cpu-step"
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
