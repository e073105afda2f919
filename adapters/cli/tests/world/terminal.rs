//! A terminal with a person at it: the binary in a window of some size, and what the window shows.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::{ended, until};

pub(crate) struct Terminal {
    keyboard: File,
    seen: Arc<Mutex<Vec<u8>>>,
    pub(crate) child: Child,
}

impl Terminal {
    /// Runs the command in a window of this size.
    pub(crate) fn run(mut command: Command, rows: u16, columns: u16) -> Self {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let path = ptsname(&keyboard, Vec::new()).unwrap();
        let window = File::options()
            .read(true)
            .write(true)
            .open(path.to_str().unwrap())
            .unwrap();
        tcsetwinsize(&window, size).unwrap();
        let child = command
            .stdin(window.try_clone().unwrap())
            .stdout(window.try_clone().unwrap())
            .stderr(window)
            .spawn()
            .unwrap();
        // It keeps the window open as long as it lives.
        drop(command);
        let keyboard = File::from(keyboard);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (mut window, sink) = (keyboard.try_clone().unwrap(), Arc::clone(&seen));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The terminal is gone once nobody has it open.
            while let Ok(length @ 1..) = window.read(&mut bytes) {
                sink.lock().unwrap().extend_from_slice(&bytes[..length]);
            }
        });
        Self {
            keyboard,
            seen,
            child,
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap()).into_owned()
    }

    pub(crate) async fn shows(&self, words: &str) {
        until(words, || self.text().contains(words)).await;
    }

    pub(crate) fn types(&mut self, line: &str) {
        writeln!(self.keyboard, "{line}").unwrap();
    }

    pub(crate) async fn ended(self) -> i32 {
        ended(self.child).await
    }
}

/// What a window shows in the end, and what went wrong on the way there.
#[derive(Debug, Default)]
pub(crate) struct Window {
    pub(crate) lines: Vec<String>,
    /// Lines that were wider than the window at some moment.
    pub(crate) too_wide: Vec<String>,
    row: usize,
    column: usize,
}

impl Window {
    /// Draws what was written to a window of so many columns, as a terminal does.
    pub(crate) fn of(text: &str, columns: usize) -> Self {
        let mut window = Self::default();
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '\r' => window.column = 0,
                '\n' => {
                    window.row += 1;
                    window.column = 0;
                }
                '\u{1b}' => {
                    assert_eq!(letters.next(), Some('['), "another escape");
                    let mut parameters = String::new();
                    while let Some(next) =
                        letters.next_if(|c| c.is_ascii_digit() || "?;".contains(*c))
                    {
                        parameters.push(next);
                    }
                    let count = parameters.parse().unwrap_or(1);
                    match letters.next() {
                        Some('A') => window.row = window.row.saturating_sub(count),
                        Some('B') => window.row += count,
                        Some('K') => window.clear_line(&parameters),
                        Some('J') => window.clear_below(),
                        Some('m' | 'l' | 'h') => {}
                        other => panic!("a command that is not known here: {parameters}{other:?}"),
                    }
                }
                control if control.is_control() => panic!("{control:?}"),
                letter => window.put(letter, columns),
            }
        }
        window.lines.retain(|line| !line.trim().is_empty());
        window
    }

    fn line(&mut self) -> &mut String {
        while self.lines.len() <= self.row {
            self.lines.push(String::new());
        }
        &mut self.lines[self.row]
    }

    fn put(&mut self, letter: char, columns: usize) {
        let column = self.column;
        let line = self.line();
        let mut letters: Vec<char> = line.chars().collect();
        while letters.len() <= column {
            letters.push(' ');
        }
        letters[column] = letter;
        *line = letters.into_iter().collect();
        let shown = line.clone();
        self.column += 1;
        if self.column > columns {
            self.too_wide.push(shown);
        }
    }

    fn clear_line(&mut self, parameters: &str) {
        let column = self.column;
        let line = self.line();
        *line = match parameters {
            "2" => String::new(),
            _ => line.chars().take(column).collect(),
        };
    }

    fn clear_below(&mut self) {
        let row = self.row;
        self.clear_line("0");
        self.lines.truncate(row + 1);
    }
}
