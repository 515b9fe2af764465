//! How the first layer's work is shared out.

use super::*;
use crate::training::step::cpu::thread_pool::MAX_PARTS;

#[test]
fn every_pixel_is_one_parts_however_many_parts_there_are() {
    for parts in 1..=MAX_PARTS {
        let shares = ByPixel::share_out(parts);
        assert_eq!(shares.len(), parts, "a part for each block of columns");
        let pixels: Vec<usize> = shares.into_iter().flat_map(|share| share.pixels).collect();
        let all: Vec<usize> = (0..PIXELS).collect();
        assert_eq!(pixels, all, "{parts} parts");
    }
}
