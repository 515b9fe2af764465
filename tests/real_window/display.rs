//! The display of the tests: Xvfb, and a client that moves the mouse, presses keys, reads the screen and
//! closes windows.

use std::{
    io::{BufRead as _, BufReader, ErrorKind, IoSlice},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use image::{Rgb, RgbImage};
use x11rb::{
    connection::{Connection as _, RequestConnection as _},
    protocol::xproto::{
        AtomEnum, BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ClientMessageEvent, ConfigureWindowAux,
        ConnectionExt as _, EventMask, ImageFormat, InputFocus, KEY_PRESS_EVENT, KEY_RELEASE_EVENT,
        MOTION_NOTIFY_EVENT, MapState, Window,
    },
    rust_connection::RustConnection,
};

/// If this variable is set, tests without a display fail. Otherwise they are skipped.
const REQUIRE: &str = "DIGITPAD_REQUIRE_DISPLAY";
/// The size of the screen, larger than the program's window.
const SCREEN: &str = "1280x800x24";
/// The interval of a mouse's reports.
const STEP: Duration = Duration::from_millis(4);

/// Keys without a character, as X11's keysyms. Those of letters are their codes.
pub(crate) const CONTROL: u32 = 0xffe3;
pub(crate) const ENTER: u32 = 0xff0d;
pub(crate) const DELETE: u32 = 0xffff;
pub(crate) const SPACE: u32 = 0x20;
pub(crate) const TAB: u32 = 0xff09;

/// A point on the screen, in pixels.
pub(crate) type Pixel = (i16, i16);

/// The server and a connection to it. The server ends on drop.
pub(crate) struct Display {
    server: Child,
    pub(crate) name: String,
    connection: RustConnection,
    root: Window,
    xtest: u8,
}

impl Display {
    /// Starts a server on a free display. `None` without Xvfb.
    pub(crate) fn open() -> Option<Self> {
        Self::open_with(&[])
    }

    /// As [`Display::open`] with further options of Xvfb.
    pub(crate) fn open_with(options: &[&str]) -> Option<Self> {
        let mut command = Command::new("Xvfb");
        command.args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            SCREEN,
            "-nolisten",
            "tcp",
        ]);
        command.args(options);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut server = match command.spawn() {
            Ok(server) => server,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                skip("there is no Xvfb here; scripts/test brings it");
                return None;
            }
            Err(error) => panic!("Xvfb does not start: {error}"),
        };
        let mut number = String::new();
        let mut stdout = BufReader::new(server.stdout.take().expect("its output is a pipe"));
        stdout
            .read_line(&mut number)
            .expect("Xvfb says its display");
        let name = format!(":{}", number.trim());
        let (connection, screen) = RustConnection::connect(Some(&name)).expect("it takes clients");
        let root = connection.setup().roots[screen].root;
        let xtest = connection
            .extension_information("XTEST")
            .expect("it answers");
        let xtest = xtest.expect("Xvfb has XTEST").major_opcode;
        Some(Self {
            server,
            name,
            connection,
            root,
            xtest,
        })
    }

    /// The visible window of this class.
    pub(crate) fn window(&self, class: &str) -> Option<Window> {
        let tree = self.connection.query_tree(self.root).ok()?.reply().ok()?;
        tree.children.into_iter().find(|&window| {
            self.is_shown(window)
                && self
                    .class(window)
                    .is_some_and(|found| found.contains(class))
        })
    }

    fn is_shown(&self, window: Window) -> bool {
        let attributes = self.connection.get_window_attributes(window);
        let attributes = attributes.expect("the connection stands").reply();
        attributes.is_ok_and(|attributes| attributes.map_state == MapState::VIEWABLE)
    }

    fn class(&self, window: Window) -> Option<String> {
        let (property, kind) = (AtomEnum::WM_CLASS, AtomEnum::STRING);
        let class = self
            .connection
            .get_property(false, window, property, kind, 0, 64);
        String::from_utf8(class.ok()?.reply().ok()?.value).ok()
    }

    /// Gives a window the keyboard focus, as a window manager does.
    pub(crate) fn focus(&self, window: Window) {
        let focused = self
            .connection
            .set_input_focus(InputFocus::PARENT, window, 0_u32);
        focused
            .expect("the connection stands")
            .check()
            .expect("the window is shown");
    }

    /// Asks a window to close, as the button of its title bar does.
    pub(crate) fn close(&self, window: Window) {
        let atom = |name: &[u8]| {
            let reply = self
                .connection
                .intern_atom(false, name)
                .expect("the connection stands");
            reply.reply().expect("an atom").atom
        };
        let request = [atom(b"WM_DELETE_WINDOW"), 0, 0, 0, 0];
        let message = ClientMessageEvent::new(32, window, atom(b"WM_PROTOCOLS"), request);
        let sent = self
            .connection
            .send_event(false, window, EventMask::NO_EVENT, message);
        sent.expect("the connection stands")
            .check()
            .expect("the window is there");
    }

    /// Draws a path with the left button, in small steps.
    pub(crate) fn draw(&self, path: &[Pixel]) {
        self.fake_input(MOTION_NOTIFY_EVENT, 0, path[0]);
        self.fake_input(BUTTON_PRESS_EVENT, 1, path[0]);
        for ends in path.windows(2) {
            let [(x0, y0), (x1, y1)] = [ends[0], ends[1]];
            let steps = (x1 - x0).abs().max((y1 - y0).abs()) / 6 + 1;
            for step in 1..=steps {
                let at = |from: i16, to: i16| from + (to - from) * step / steps;
                self.fake_input(MOTION_NOTIFY_EVENT, 0, (at(x0, x1), at(y0, y1)));
            }
        }
        self.fake_input(BUTTON_RELEASE_EVENT, 1, path[path.len() - 1]);
    }

    /// Presses keys in order, then releases them.
    pub(crate) fn press(&self, keysyms: &[u32]) {
        let codes: Vec<u8> = keysyms.iter().map(|&keysym| self.keycode(keysym)).collect();
        for &code in &codes {
            self.fake_input(KEY_PRESS_EVENT, code, (0, 0));
        }
        for &code in codes.iter().rev() {
            self.fake_input(KEY_RELEASE_EVENT, code, (0, 0));
        }
    }

    /// Types text that needs no shift key.
    pub(crate) fn write(&self, text: &str) {
        for character in text.chars() {
            self.press(&[u32::from(character)]);
        }
    }

    fn keycode(&self, keysym: u32) -> u8 {
        let (least, most) = (
            self.connection.setup().min_keycode,
            self.connection.setup().max_keycode,
        );
        let mapping = self
            .connection
            .get_keyboard_mapping(least, most - least + 1);
        let mapping = mapping
            .expect("the connection stands")
            .reply()
            .expect("a mapping");
        let mut codes = mapping
            .keysyms
            .chunks(usize::from(mapping.keysyms_per_keycode));
        let place = codes
            .position(|keysyms| keysyms[0] == keysym)
            .expect("a key of the keyboard");
        least + place as u8
    }

    /// XTEST's `FakeInput`. The crate's version needs a feature that rebuilds half of the program's
    /// dependencies.
    fn fake_input(&self, kind: u8, detail: u8, (x, y): Pixel) {
        let mut request = [0_u8; 36];
        request[0] = self.xtest;
        request[1] = 2;
        request[2..4].copy_from_slice(&9_u16.to_ne_bytes());
        request[4..6].copy_from_slice(&[kind, detail]);
        request[12..16].copy_from_slice(&self.root.to_ne_bytes());
        request[24..26].copy_from_slice(&x.to_ne_bytes());
        request[26..28].copy_from_slice(&y.to_ne_bytes());
        let sent = self
            .connection
            .send_request_without_reply(&[IoSlice::new(&request)], Vec::new());
        sent.expect("the connection stands")
            .check()
            .expect("XTEST takes it");
        thread::sleep(STEP);
    }

    /// Moves a window and changes its size: left, top, width and height.
    pub(crate) fn place(&self, window: Window, [x, y, width, height]: [i32; 4]) {
        let place = ConfigureWindowAux::new()
            .x(x)
            .y(y)
            .width(width as u32)
            .height(height as u32);
        let placed = self.connection.configure_window(window, &place);
        placed
            .expect("the connection stands")
            .check()
            .expect("the window is there");
    }

    /// The place of a window: left, top, width and height.
    pub(crate) fn place_of(&self, window: Window) -> [i32; 4] {
        let geometry = self.connection.get_geometry(window);
        let geometry = geometry.expect("the connection stands").reply();
        let geometry = geometry.expect("the window is there");
        [
            geometry.x.into(),
            geometry.y.into(),
            geometry.width.into(),
            geometry.height.into(),
        ]
    }

    /// A screenshot of a window.
    pub(crate) fn picture(&self, window: Window) -> RgbImage {
        let geometry = self
            .connection
            .get_geometry(window)
            .expect("the connection stands");
        let geometry = geometry.reply().expect("the window is there");
        let (width, height) = (geometry.width, geometry.height);
        let image =
            self.connection
                .get_image(ImageFormat::Z_PIXMAP, window, 0, 0, width, height, u32::MAX);
        let data = image
            .expect("the connection stands")
            .reply()
            .expect("the window is shown")
            .data;
        let (width, height) = (u32::from(width), u32::from(height));
        assert_eq!(
            data.len() as u32,
            width * height * 4,
            "blue, green, red and nothing a pixel"
        );
        RgbImage::from_fn(width, height, |x, y| {
            let at = ((y * width + x) * 4) as usize;
            Rgb([data[at + 2], data[at + 1], data[at]])
        })
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // The server may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the tester must see which tests were skipped"
)]
fn skip(why: &str) {
    assert!(
        std::env::var_os(REQUIRE).is_none(),
        "{REQUIRE} is set, and {why}"
    );
    eprintln!("skipped: {why}");
}
