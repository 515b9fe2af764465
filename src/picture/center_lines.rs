//! The center lines of ink in a picture: the strokes that a pen may have drawn.
//!
//! The ink is thinned to lines one pixel wide: edges between ends and junctions. Junctions that lie within a pen's width
//! are one. At a junction, the two edges that bend least are one stroke.

use std::collections::{BTreeMap, HashMap};

use super::pen_width::squared_distances;
use crate::ink::Point;

/// The most rounds of thinning. Ink that is thicker is not the line of a pen.
const MAX_ROUNDS: usize = 20;
/// The most edges. Ink with more is not handwriting.
const MAX_EDGES: usize = 400;
/// A shorter edge with a free end is roughness of the ink, in radii of the ink at its junction, and in pixels more.
const SPUR: [f32; 2] = [1.2, 1.0];
/// Junctions with a shorter edge between them are one, in radii of the pen, and in pixels more.
const SHORT: [f32; 2] = [2.0, 1.0];
/// The largest turn of a stroke at a junction, in radians.
const MAX_TURN: f32 = 1.2;
/// The part of an edge that tells its direction: distances from its end, in radii of the pen.
const DIRECTION: [f32; 2] = [1.0, 4.6];
/// The reach of the mean that takes out the steps of pixels, and the distance of points, in radii of the pen.
const SMOOTH: f32 = 0.7;

/// The strokes of some ink.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CenterLines {
    /// Their center lines.
    pub lines: Vec<CenterLine>,
    /// Half the width of the pen, in pixels.
    pub radius: f32,
}

/// The center line of a stroke.
#[derive(Clone, Debug, PartialEq)]
pub struct CenterLine {
    /// Its points, in pixels; at least one.
    pub points: Vec<Point>,
    /// The indices of the points where it passes a junction, ascending.
    pub crossings: Vec<usize>,
}

/// The center lines of the ink of a mask whose outermost pixels are paper; none if it is not the line of a pen.
pub(super) fn of_mask(mask: &[bool], width: usize) -> CenterLines {
    let mut skeleton = mask.to_vec();
    if !thin(&mut skeleton, width) {
        return CenterLines::default();
    }
    let squared = squared_distances(mask, width, false);
    let radius = |at: usize| squared[at].sqrt() - 0.5;
    let inked = (0..mask.len()).filter(|&at| skeleton[at]);
    let mut radii: Vec<f32> = inked.map(radius).collect();
    if radii.is_empty() {
        return CenterLines::default();
    }
    let middle = radii.len() / 2;
    let pen = *radii.select_nth_unstable_by(middle, f32::total_cmp).1;
    let mut graph = Graph::of(&skeleton, width);
    if graph.edges.len() > MAX_EDGES {
        return CenterLines::default();
    }
    graph.prune(|node| SPUR[0] * radius(node) + SPUR[1]);
    let junctions = graph.join_junctions(SHORT[0] * pen + SHORT[1]);
    CenterLines {
        lines: graph.strokes(&junctions, pen),
        radius: pen,
    }
}

/// The pixels around one: the one above, and on clockwise.
fn around(at: usize, width: usize) -> [usize; 8] {
    let (above, below) = (at - width, at + width);
    [
        above,
        above + 1,
        at + 1,
        below + 1,
        below,
        below - 1,
        at - 1,
        above - 1,
    ]
}

/// Thins ink to lines one pixel wide (Zhang and Suen, "A fast parallel algorithm for thinning digital patterns", 1984).
/// Returns whether it is thin after [`MAX_ROUNDS`].
fn thin(mask: &mut [bool], width: usize) -> bool {
    let mut inked: Vec<usize> = (0..mask.len()).filter(|&at| mask[at]).collect();
    for _ in 0..MAX_ROUNDS {
        let before = inked.len();
        // Three of the four neighbors, as bits of `around`, of which one must be paper.
        for sides in [[0b0001_0101, 0b0101_0100], [0b0100_0101, 0b0101_0001]] {
            let is_outer = |&at: &usize| {
                let neighbors = around(at, width).into_iter().rev();
                let ring = neighbors.fold(0_u8, |ring, next| ring << 1 | u8::from(mask[next]));
                (2..=6).contains(&ring.count_ones())
                    // One run of ink.
                    && (ring & !ring.rotate_left(1)).is_power_of_two()
                    && sides.iter().all(|&side| ring & side != side)
            };
            let outer: Vec<usize> = inked.iter().copied().filter(is_outer).collect();
            for at in outer {
                mask[at] = false;
            }
            inked.retain(|&at| mask[at]);
        }
        if inked.len() == before {
            return true;
        }
    }
    false
}

/// A line of the skeleton between two nodes, which are ends or junctions; or a closed one.
struct Edge {
    path: Vec<usize>,
    /// Its length in pixels.
    length: f32,
    kind: EdgeKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum EdgeKind {
    Stroke,
    Spur,
    /// Within a junction.
    Inner,
}

/// An end of an edge.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct End {
    edge: usize,
    is_last: bool,
}

impl End {
    fn other(self) -> Self {
        Self {
            is_last: !self.is_last,
            ..self
        }
    }
}

/// Where a stroke goes on after an end.
#[derive(Clone, Copy)]
struct Joint {
    to: End,
    /// Whether other edges meet there.
    is_crossing: bool,
}

struct Graph {
    width: usize,
    edges: Vec<Edge>,
}

impl Graph {
    fn of(skeleton: &[bool], width: usize) -> Self {
        let neighbors = |at: usize| -> Vec<usize> {
            let ring = around(at, width);
            // A diagonal step is none where two straight ones lead to the same pixel.
            let is_step = |i: usize| {
                i.is_multiple_of(2) || !skeleton[ring[i - 1]] && !skeleton[ring[(i + 1) % 8]]
            };
            let steps = (0..8).filter(|&i| skeleton[ring[i]] && is_step(i));
            steps.map(|i| ring[i]).collect()
        };
        let mut graph = Self {
            width,
            edges: Vec::new(),
        };
        let mut seen = vec![false; skeleton.len()];
        let pixels: Vec<usize> = (0..skeleton.len()).filter(|&at| skeleton[at]).collect();
        let is_node = |at: usize| neighbors(at).len() != 2;
        // First from all nodes, then along closed lines without one.
        let (nodes, others): (Vec<usize>, Vec<usize>) = pixels.iter().partition(|&&at| is_node(at));
        for start in nodes.into_iter().chain(others) {
            if seen[start] {
                continue;
            }
            seen[start] = true;
            for first in neighbors(start) {
                if seen[first] {
                    continue;
                }
                let mut path = vec![start, first];
                let mut at = first;
                while at != start && !is_node(at) {
                    seen[at] = true;
                    let before = path[path.len() - 2];
                    at = neighbors(at)
                        .into_iter()
                        .find(|&next| next != before)
                        .unwrap_or(start);
                    path.push(at);
                }
                graph.push(path);
            }
        }
        if graph.edges.is_empty() {
            graph.push(pixels.into_iter().take(1).collect());
        }
        graph
    }

    fn push(&mut self, path: Vec<usize>) {
        let steps = path.windows(2);
        let length = steps.map(|step| (self.point(step[1]) - self.point(step[0])).length());
        self.edges.push(Edge {
            length: length.sum(),
            path,
            kind: EdgeKind::Stroke,
        });
    }

    fn point(&self, at: usize) -> Point {
        let [x, y] = [at % self.width, at / self.width].map(|at| at as f32 + 0.5);
        Point::new(x, y)
    }

    fn node(&self, end: End) -> usize {
        let path = &self.edges[end.edge].path;
        path[if end.is_last { path.len() - 1 } else { 0 }]
    }

    /// The ends of all strokes.
    fn ends(&self) -> impl Iterator<Item = End> + Clone {
        let edges = self.edges.iter().enumerate();
        let strokes = edges.filter(|(_, edge)| edge.kind == EdgeKind::Stroke);
        strokes.flat_map(|(edge, _)| [false, true].map(|is_last| End { edge, is_last }))
    }

    fn degree(&self, node: usize) -> usize {
        self.ends().filter(|&end| self.node(end) == node).count()
    }

    /// Removes the edges with a free end that are shorter than `least` of their junction.
    fn prune(&mut self, least: impl Fn(usize) -> f32) {
        let mut ends: Vec<End> = self.ends().collect();
        ends.sort_by(|a, b| {
            let length = |end: &End| self.edges[end.edge].length;
            length(a).total_cmp(&length(b))
        });
        for end in ends {
            let [own, other] = [end, end.other()].map(|end| self.node(end));
            let is_spur = self.edges[end.edge].length < least(other)
                && self.degree(own) == 1
                && self.degree(other) > 2;
            if is_spur {
                self.edges[end.edge].kind = EdgeKind::Spur;
            }
        }
    }

    /// The junction of each node: nodes at the ends of an edge that is shorter than `least` have the same one.
    fn join_junctions(&mut self, least: f32) -> BTreeMap<usize, usize> {
        let nodes = self.ends().map(|end| self.node(end));
        let mut junctions: BTreeMap<usize, usize> = nodes.map(|node| (node, node)).collect();
        let firsts: Vec<End> = self.ends().filter(|end| !end.is_last).collect();
        let is_between = |end: &End| {
            let mut nodes = [*end, end.other()].map(|end| self.node(end)).into_iter();
            nodes.all(|node| self.degree(node) > 2) && self.edges[end.edge].length < least
        };
        let inner: Vec<End> = firsts.into_iter().filter(is_between).collect();
        for end in inner {
            let [from, to] = [end, end.other()].map(|end| junctions[&self.node(end)]);
            for junction in junctions.values_mut().filter(|own| **own == from) {
                *junction = to;
            }
            self.edges[end.edge].kind = EdgeKind::Inner;
        }
        junctions
    }

    /// Where each end goes on: at each junction the edges that bend least, in pairs.
    fn joints(&self, junctions: &BTreeMap<usize, usize>, pen: f32) -> HashMap<End, Joint> {
        let mut meeting: BTreeMap<usize, Vec<End>> = BTreeMap::new();
        for end in self.ends() {
            meeting
                .entry(junctions[&self.node(end)])
                .or_default()
                .push(end);
        }
        let mut joints: HashMap<End, Joint> = HashMap::new();
        for ends in meeting.values() {
            let is_crossing = ends.len() > 2;
            let mut pairs: Vec<(f32, End, End)> = Vec::new();
            for (i, &a) in ends.iter().enumerate() {
                let pair = |&b: &End| (self.turn(a, b, pen), a, b);
                pairs.extend(ends[i + 1..].iter().map(pair));
            }
            pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
            for (turn, a, b) in pairs {
                let are_free = !joints.contains_key(&a) && !joints.contains_key(&b);
                if are_free && (turn <= MAX_TURN || !is_crossing) {
                    joints.insert(a, Joint { to: b, is_crossing });
                    joints.insert(b, Joint { to: a, is_crossing });
                }
            }
        }
        joints
    }

    /// The turn of a stroke that comes along the edge of `a` and goes on along that of `b`, in radians.
    fn turn(&self, a: End, b: End, pen: f32) -> f32 {
        let [a, b] = [a, b].map(|end| {
            let points = self.points_from(end);
            let first = points[0];
            let place = |way: f32| {
                let far = points
                    .iter()
                    .position(|&point| (point - first).length() >= way);
                far.unwrap_or(points.len() - 1)
            };
            let far = place(DIRECTION[1] * pen);
            let near = place(DIRECTION[0] * pen).min(far / 2);
            points[far] - points[near]
        });
        (a.y * b.x - a.x * b.y).atan2(-a.x * b.x - a.y * b.y).abs()
    }

    fn points_from(&self, end: End) -> Vec<Point> {
        let path = self.edges[end.edge].path.iter();
        let mut points: Vec<Point> = path.map(|&at| self.point(at)).collect();
        if end.is_last {
            points.reverse();
        }
        points
    }

    fn strokes(&self, junctions: &BTreeMap<usize, usize>, pen: f32) -> Vec<CenterLine> {
        let joints = self.joints(junctions, pen);
        let free = self.ends().filter(|end| !joints.contains_key(end));
        let mut is_used = vec![false; self.edges.len()];
        let mut strokes = Vec::new();
        // Closed strokes have no free end.
        for start in free.chain(self.ends()) {
            if is_used[start.edge] {
                continue;
            }
            let (mut points, mut crossings) = (Vec::new(), Vec::new());
            let mut end = start;
            loop {
                is_used[end.edge] = true;
                let is_crossing = |end| joints.get(&end).is_some_and(|joint| joint.is_crossing);
                let mut own = self.points_from(end);
                // The line of a pen is straight at a crossing; its skeleton is not.
                let trim = own.len() / 3;
                for end in [end, end.other()] {
                    if is_crossing(end) {
                        let first = own[0];
                        let near = own
                            .iter()
                            .take_while(|point| (**point - first).length() < pen);
                        let near = near.count().min(trim);
                        own.drain(..near);
                    }
                    own.reverse();
                }
                points.extend(own);
                let next = joints.get(&end.other()).copied();
                if let Some(next) = next.filter(|next| !is_used[next.to.edge]) {
                    if next.is_crossing {
                        crossings.push(points.len() - 1);
                    }
                    end = next.to;
                } else {
                    if next.is_some_and(|next| next.to == start) {
                        points.push(points[0]);
                    }
                    break;
                }
            }
            strokes.push(smoothed(&points, &crossings, pen));
        }
        strokes
    }
}

/// A line without the steps of pixels, with fewer points.
fn smoothed(points: &[Point], crossings: &[usize], pen: f32) -> CenterLine {
    let reach = (SMOOTH * pen).round().max(1.0) as usize;
    let last = points.len() - 1;
    let mean = |i: usize| {
        let by = reach.min(i).min(last - i);
        let near = &points[i - by..=i + by];
        let sum = near
            .iter()
            .fold(Point::default(), |sum, &point| sum + point);
        sum * (1.0 / near.len() as f32)
    };
    let mut line = CenterLine {
        points: vec![points[0]],
        crossings: Vec::new(),
    };
    for i in 1..=last {
        let point = mean(i);
        let is_crossing = crossings.contains(&i) && i < last;
        let before = line.points[line.points.len() - 1];
        if is_crossing || i == last || (point - before).length() >= (SMOOTH * pen).max(1.0) {
            if is_crossing {
                line.crossings.push(line.points.len());
            }
            line.points.push(point);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ink::raster::Raster;

    /// The center lines of some lines, drawn with a pen 6 pixels wide.
    fn found(lines: &[&[(f32, f32)]]) -> CenterLines {
        let points = |line: &&[(f32, f32)]| line.iter().map(|&(x, y)| Point::new(x, y)).collect();
        let lines: Vec<Vec<Point>> = lines.iter().map(points).collect();
        let ink = Raster::draw(&lines, 6.0, 100, 100);
        let mask: Vec<bool> = ink.pixels().iter().map(|&ink| ink >= 0.5).collect();
        of_mask(&mask, 100)
    }

    #[test]
    fn strokes_of_a_table_of_shapes() {
        type Lines<'a> = &'a [&'a [(f32, f32)]];
        type Strokes = &'static [(f32, usize)];
        let (down, across) = ([(50.0, 20.0), (50.0, 80.0)], [(20.0, 50.0), (80.0, 50.0)]);
        let ring: Vec<(f32, f32)> = (0..=40)
            .map(|i| std::f32::consts::TAU * i as f32 / 40.0)
            .map(|angle| (50.0 + 25.0 * angle.cos(), 50.0 + 25.0 * angle.sin()))
            .collect();
        // Each stroke's length and number of crossings.
        let cases: [(Lines<'_>, Strokes, &str); 6] = [
            (&[&down], &[(60.0, 0)], "a line"),
            (&[&down, &across], &[(60.0, 1), (60.0, 1)], "a cross"),
            (
                &[&[(25.0, 25.0), (75.0, 75.0)], &[(75.0, 25.0), (25.0, 75.0)]],
                &[(70.7, 1), (70.7, 1)],
                "a diagonal cross",
            ),
            (
                &[&down, &[(50.0, 50.0), (85.0, 50.0)]],
                &[(60.0, 1), (35.0, 0)],
                "a line that ends at another",
            ),
            (
                &[&[(30.0, 20.0), (30.0, 80.0), (70.0, 80.0)]],
                &[(100.0, 0)],
                "a corner",
            ),
            (&[&ring], &[(157.0, 0)], "a ring"),
        ];
        for (lines, expected, reason) in cases {
            let found = found(lines);
            let length = |line: &CenterLine| {
                let steps = line.points.windows(2);
                steps.map(|step| (step[1] - step[0]).length()).sum::<f32>()
            };
            let mut strokes: Vec<(f32, usize)> = found
                .lines
                .iter()
                .map(|line| (length(line), line.crossings.len()))
                .collect();
            strokes.sort_by(|a, b| b.0.total_cmp(&a.0));
            assert_eq!(strokes.len(), expected.len(), "{reason}: {strokes:?}");
            for ((length, crossings), expected) in strokes.into_iter().zip(expected) {
                assert_eq!(crossings, expected.1, "{reason}: crossings");
                // A skeleton ends within the pen's width of the line, and rounds corners.
                let difference = (length - expected.0).abs();
                assert!(
                    difference <= 6.0,
                    "{reason}: {length} is not {}",
                    expected.0
                );
            }
            assert!((found.radius - 3.0).abs() <= 0.75, "{reason}: the pen");
        }
    }

    #[test]
    fn a_rough_edge_is_no_stroke() {
        let mut mask = vec![false; 100 * 40];
        for x in 10..90 {
            // A bump of two pixels every eight.
            let top = if x % 8 < 2 { 15 } else { 17 };
            for y in top..23 {
                mask[y * 100 + x] = true;
            }
        }
        assert_eq!(of_mask(&mask, 100).lines.len(), 1, "one line");
    }

    #[test]
    fn a_blot_and_a_texture_are_not_strokes() {
        type Mask = fn(usize, usize) -> bool;
        let masks: [(Mask, &str); 2] = [
            (|_, _| true, "a blot"),
            (|x, y| x % 4 == 0 || y % 4 == 0, "a grid"),
        ];
        for (is_inked, reason) in masks {
            let is_inside = |at: usize| (1..99).contains(&at);
            let mask: Vec<bool> = (0..100 * 100)
                .map(|index| [index % 100, index / 100])
                .map(|[x, y]| is_inside(x) && is_inside(y) && is_inked(x, y))
                .collect();
            assert_eq!(of_mask(&mask, 100), CenterLines::default(), "{reason}");
        }
    }
}
