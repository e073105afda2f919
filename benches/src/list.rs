//! A messy list of people with bills, as a shop's spreadsheet has it: the same one for the same number of rows.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use fastrand::Rng;

use crate::Failure;

const SEED: u64 = 20_261_121;
/// One row in so many cannot be written to, and one is of somebody who came before.
const ONE_IN: u32 = 100;
/// Prefixes of Indonesian mobile networks.
const PREFIXES: [u32; 16] = [
    811, 812, 813, 821, 822, 823, 851, 852, 853, 856, 857, 858, 877, 878, 895, 896,
];

/// A template for the columns of the list.
pub const TEMPLATE: &str = "Halo {{nama}}, tagihan {{no_invoice}} sebesar {{jumlah | rupiah}} jatuh tempo {{jatuh_tempo | date}}. Terima kasih.";

/// Writes the list as CSV.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, rows: u32) -> Result<(), Failure> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut rng = Rng::with_seed(SEED);
    writeln!(file, "nama,no_hp,no_invoice,jumlah,jatuh_tempo")?;
    for row in 0..rows {
        let phone = if rng.u32(..ONE_IN) == 0 {
            bad(&mut rng)
        } else if row > 0 && rng.u32(..ONE_IN) == 0 {
            let earlier = rng.u32(..row);
            spelt(&mut rng, earlier)
        } else {
            spelt(&mut rng, row)
        };
        let amount = 1_000 * rng.u32(50..2_000);
        let day = rng.u32(1..=28);
        writeln!(
            file,
            "\"Pelanggan {row}, Jl. Melati {}\",{phone},INV-{row:07},{amount},2026-12-{day:02}",
            row % 200
        )?;
    }
    file.flush()?;
    Ok(())
}

/// The phone column of the list, without those who come twice.
pub fn phones(rows: u32) -> Vec<String> {
    let mut rng = Rng::with_seed(SEED);
    let cell = |row| match rng.u32(..ONE_IN) {
        0 => bad(&mut rng),
        _ => spelt(&mut rng, row),
    };
    (0..rows).map(cell).collect()
}

/// The same people as each is dialled at home: `081234567890`.
pub fn plain_phones(rows: u32) -> Vec<String> {
    (0..rows).map(number).map(local).collect()
}

fn local((prefix, rest): (u32, u64)) -> String {
    format!("0{prefix}{rest:08}")
}

/// The number of the nth person: no two have the same.
fn number(person: u32) -> (u32, u64) {
    let prefix = PREFIXES[person as usize % PREFIXES.len()];
    // Odd and no multiple of five, so that each of 10^8 people has digits of his own.
    (prefix, u64::from(person) * 61_803_399 % 100_000_000)
}

/// One of the ways in which people and spreadsheets write it.
fn spelt(rng: &mut Rng, person: u32) -> String {
    let (prefix, rest) = number(person);
    let (middle, last) = (rest / 10_000, rest % 10_000);
    match rng.u32(..12) {
        0..=2 => local((prefix, rest)),
        3..=4 => format!("0{prefix}-{middle:04}-{last:04}"),
        5 => format!("0{prefix} {middle:04} {last:04}"),
        6..=7 => format!("62{prefix}{rest:08}"),
        8 => format!("+62{prefix}{rest:08}"),
        9 => format!("+62 {prefix}-{middle:04}-{last:04}"),
        10 => format!("(0{prefix}) {middle:04}.{last:04}"),
        _ => format!("62{prefix}{rest:08}.0"),
    }
}

/// What nobody can be written to at.
fn bad(rng: &mut Rng) -> String {
    match rng.u32(..5) {
        0 => String::new(),
        1 => format!("021-5550-{:04}", rng.u32(..10_000)),
        2 => format!("0812{}", rng.u32(..100)),
        3 => "6.28E+12".to_owned(),
        _ => "tidak ada".to_owned(),
    }
}
