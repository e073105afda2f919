//! What is wrong with an input, in the words of Bahasa Indonesia: the core's own errors, case by case.

use campaign_core::audience::{AudienceError, Fault, RejectReason};
use campaign_core::evidence::Missing;
use campaign_core::message::{ButtonError, MediaError, MediaFault, MessageError};
use campaign_core::phone::{Line, NotAPerson, Refusal, Why};
use campaign_core::template::{RenderError, TemplateError, TemplateErrorKind};

use crate::language::Cause;
use crate::rows::RowFault;
use crate::settings::Origin;

pub(super) fn cause(cause: &Cause) -> String {
    match cause {
        Cause::Words(words) => words.clone(),
        Cause::Example(example) => format!("tulis seperti {example}"),
        Cause::Audience(error) => audience(error),
        Cause::Message(error) => message(error),
        Cause::Phone(error) => format!(
            "{:?} {}: {}",
            error.input,
            refusal(error.refusal),
            refusal_remedy(error.refusal)
        ),
        Cause::Hours(error) => format!(
            "{:?} bukan jam kirim: tulis 08:00-20:00, Mon-Sat 08:00-20:00, atau Mon-Sat 08:00-20:00 except id-national, 2026-12-31",
            error.text
        ),
        Cause::Zone(error) => format!(
            "tidak ada zona waktu {:?}: pakai WIB, WITA, WIT, atau nama seperti Asia/Jakarta atau UTC",
            error.name
        ),
        Cause::Region(_) => "itu bukan negara: beri kode dua huruf seperti ID, MY atau SG".into(),
    }
}

pub(super) fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Default => "bawaan".into(),
        Origin::Flag => "di baris perintah".into(),
        Origin::Environment => "di environment".into(),
        Origin::File(path) => format!("di {}", path.display()),
    }
}

/// The name of an input in which two campaigns differ.
pub(super) fn input(what: &str) -> &str {
    match what {
        "recipient" => "penerima",
        "values" => "isian",
        "session" => "sesi",
        "message" => "pesan",
        "file" => "file",
        "import options" => "pilihan impor",
        "limit" => "batas jumlah",
        "missing values" => "nilai kosong",
        "hours" => "jam kirim",
        "hours by" => "jam menurut",
        "late messages" => "pesan terlambat",
        "zone" => "zona waktu",
        "start" => "mulai",
        "expiry" => "batas waktu",
        "retry" => "percobaan ulang",
        other => other,
    }
}

pub(super) fn reject_reason(reason: RejectReason) -> &'static str {
    match reason {
        RejectReason::InvalidNumber => "nomor tidak sah",
        RejectReason::Landline => "telepon rumah",
        RejectReason::AmbiguousNumber => "nomor bermakna ganda",
        RejectReason::Duplicate => "kembar",
        RejectReason::UnreadableRow => "baris tidak terbaca",
    }
}

/// Continues a sentence that begins with the value.
pub(super) fn fault(fault: &Fault) -> String {
    match fault {
        Fault::Phone(what) => refusal(*what),
        Fault::Duplicate { first_row } => format!("sama dengan penerima di baris {first_row}"),
        Fault::TooManyCells { cells, columns } => {
            format!("memuat {cells} sel, sedangkan judulnya {columns} kolom")
        }
        Fault::OpenQuote => "membuka tanda kutip yang tidak ditutup".into(),
        Fault::TooLong => "lebih panjang daripada yang dapat dimuat satu baris".into(),
        Fault::BrokenText => "memuat byte yang bukan teks".into(),
        other => other.to_string(),
    }
}

pub(super) fn remedy(fault: &Fault) -> String {
    match fault {
        Fault::Phone(what) => refusal_remedy(*what).into(),
        Fault::Duplicate { .. } => {
            "biarkan bila satu pesan cukup; bila tidak, sebutkan kolom kunci yang membedakan baris-barisnya".into()
        }
        Fault::TooManyCells { .. } => "beri tanda kutip pada nilai yang memuat pemisah".into(),
        Fault::OpenQuote => "tutup tanda kutipnya, atau hapus".into(),
        Fault::TooLong => "cari tanda kutip yang tidak ditutup".into(),
        Fault::BrokenText => "simpan file sebagai UTF-8 dan periksa baris ini".into(),
        other => other.remedy().into(),
    }
}

fn refusal(refusal: Refusal) -> String {
    match refusal {
        Refusal::Invalid(why) => match why {
            Why::Empty => "kosong".into(),
            Why::NoDigits => "tidak memuat angka".into(),
            Why::StrayCharacter(character) => {
                format!("memuat {character:?} di tempat yang seharusnya hanya angka")
            }
            Why::ForeignAddress => "adalah alamat, bukan nomor telepon".into(),
            Why::Fraction => "adalah bilangan dengan desimal".into(),
            Why::UnknownCountryCode => "tidak memuat kode negara yang ada".into(),
            Why::TooShort => "terlalu pendek untuk nomor telepon".into(),
            Why::TooLong => "terlalu panjang untuk nomor telepon".into(),
            Why::Unassigned => "adalah nomor yang tidak mungkin dimiliki siapa pun".into(),
        },
        Refusal::Landline { number, line } => {
            let line = match line {
                Line::Fixed => "telepon rumah",
                Line::Internet => "telepon internet",
                Line::Service => "nomor layanan",
            };
            format!("adalah {line} ({number})")
        }
        Refusal::Ambiguous {
            readings: [first, second],
        } => format!("dapat berarti {first} atau {second}"),
        Refusal::TwoNumbers => "memuat lebih dari satu nomor".into(),
        Refusal::Extension => "adalah nomor dengan pesawat ekstensi".into(),
        Refusal::NotAPerson(what) => match what {
            NotAPerson::Group => "adalah grup WhatsApp".into(),
            NotAPerson::Lid => "adalah identitas WhatsApp tanpa nomor telepon (LID)".into(),
            NotAPerson::Channel => "adalah saluran WhatsApp".into(),
            NotAPerson::Broadcast => "adalah daftar siaran WhatsApp".into(),
        },
        Refusal::DigitsLost => "disingkat oleh program lembar kerja, ada angka yang hilang".into(),
    }
}

fn refusal_remedy(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Invalid(why) => match why {
            Why::Empty | Why::NoDigits | Why::ForeignAddress => "beri nomor telepon",
            Why::StrayCharacter(_) => {
                "tulis nomornya saja; beri spasi sebelum keterangan di belakangnya"
            }
            Why::Fraction => "jadikan kolomnya teks, atau bilangan tanpa desimal",
            Why::UnknownCountryCode => "awali dengan + dan kode negara, misalnya +62",
            Why::TooShort | Why::TooLong | Why::Unassigned => {
                "bandingkan dengan sumbernya; awali dengan + dan kode negara bila di luar negeri"
            }
        },
        Refusal::Landline { .. } => "beri nomor ponsel, atau izinkan telepon rumah",
        Refusal::Ambiguous { .. } => "tulis yang Anda maksud, dengan +",
        Refusal::TwoNumbers => "simpan satu nomor, atau beri masing-masing satu baris",
        Refusal::Extension => "beri nomor langsung",
        Refusal::NotAPerson(_) => "beri nomor telepon orangnya",
        Refusal::DigitsLost => {
            "jadikan kolomnya teks, atau bilangan tanpa desimal, lalu ekspor lagi"
        }
    }
}

fn audience(error: &AudienceError) -> String {
    match error {
        AudienceError::Unreadable { path, source } => format!(
            "tidak dapat membaca {}: {source}; periksa lokasi dan hak aksesnya",
            path.display()
        ),
        AudienceError::Empty { what } => format!("{what} kosong: ekspor lagi daftarnya"),
        AudienceError::HeaderOnly { what, header_row } => format!(
            "{what} memuat judul (baris {header_row}) tanpa baris di bawahnya: ekspor lagi daftarnya"
        ),
        AudienceError::NotATable { path, what } => format!(
            "{} adalah {what}, bukan tabel: simpan daftarnya sebagai CSV atau XLSX",
            path.display()
        ),
        AudienceError::BrokenWorkbook { path, detail } => format!(
            "{} tidak dapat dibuka sebagai lembar kerja ({detail}): bila memakai kata sandi, hapus; bila tidak, simpan lagi sebagai XLSX atau CSV",
            path.display()
        ),
        AudienceError::NoSheet { wanted, sheets } => {
            format!("tidak ada lembar {wanted:?}: yang ada {}", listed(sheets))
        }
        AudienceError::NoPhoneColumn { row, headers } => format!(
            "tidak ada kolom yang menurut namanya memuat nomor telepon: baris {row} memuat {}; beri salah satunya nama \"phone\" (atau no_hp, whatsapp, telepon), atau sebutkan kolom yang mana",
            listed(headers)
        ),
        AudienceError::UnknownColumn {
            wanted,
            headers,
            nearest,
            ..
        } => {
            let nearest = nearest
                .as_ref()
                .map(|nearest| format!("; maksud Anda {nearest:?}?"))
                .unwrap_or_default();
            format!(
                "tidak ada kolom {wanted:?}: yang ada {}{nearest}",
                listed(headers)
            )
        }
        AudienceError::UnknownEncoding { label } => format!(
            "{label:?} bukan pengodean teks: beri utf-8, windows-1252, utf-16le, atau hapus"
        ),
    }
}

fn message(error: &MessageError) -> String {
    match error {
        MessageError::Template { part, error } => {
            format!("{}: {}", part_name(part), template(error))
        }
        MessageError::Empty => "pesannya kosong: beri teks, gambar atau file".into(),
        MessageError::TwoMedia => {
            "pesan memuat gambar dan file: kirim salah satu, atau buat dua kampanye".into()
        }
        MessageError::Media { part, error } => format!("{}: {}", part_name(part), media(error)),
        MessageError::Button { number, error } => format!("tombol {number}: {}", button(error)),
        MessageError::TooManyButtons {
            buttons,
            buttons_max,
        } => format!("pesan memuat {buttons} tombol, paling banyak {buttons_max}: hapus sebagian"),
        other => other.to_string(),
    }
}

fn part_name(part: &str) -> String {
    match part {
        "text" => "teks".into(),
        "image" => "gambar".into(),
        other => other.replacen("button", "tombol", 1),
    }
}

fn button(error: &ButtonError) -> String {
    match error {
        ButtonError::Template(error) => template(error),
        ButtonError::Url(error) => media(error),
        ButtonError::Label => "labelnya harus teks biasa satu baris, tanpa variabel".into(),
        ButtonError::LabelTooLong { chars, chars_max } => {
            format!("labelnya {chars} karakter, paling banyak {chars_max}: persingkat")
        }
        ButtonError::Target => "beri alamat (url) atau nomor telepon (phone), salah satu".into(),
        ButtonError::Phone => {
            "nomor teleponnya harus diawali + dan kode negara: +6281234567890".into()
        }
        other => other.to_string(),
    }
}

fn media(error: &MediaError) -> String {
    match error {
        MediaError::Logic => {
            "logika tidak dapat dipakai dalam alamat atau lokasi file: tulis seluruhnya dalam satu kolom".into()
        }
        MediaError::Scheme { scheme } => {
            format!("`{scheme}:` tidak dapat diambil: tulis alamat https://")
        }
        MediaError::Encoded => "nilai dalam alamat sudah dikodekan: hapus `urlencode`".into(),
        MediaError::Host => {
            "sebuah nilai akan menentukan servernya: tulis alamat sampai / pertama sesudah nama host, misalnya https://example.com/{{ no }}.png".into()
        }
        MediaError::Invalid { why } => format!("tidak dapat dipakai: {why}"),
        other => other.to_string(),
    }
}

/// The place in the template as every language shows it, with the words around it.
fn template(error: &TemplateError) -> String {
    format!(
        "baris {}, kolom {}: {}\n{}\n{}",
        error.line(),
        error.column(),
        template_fault(error.kind()),
        error.excerpt(),
        template_remedy(error)
    )
}

fn template_fault(kind: &TemplateErrorKind) -> String {
    match kind {
        TemplateErrorKind::Unclosed { opened, .. } => format!("`{opened}` tidak pernah ditutup"),
        TemplateErrorKind::Empty => "tidak ada variabel di antara kurung kurawal".into(),
        TemplateErrorKind::UnknownFilter { name, .. } => format!("filter `{name}` tidak dikenal"),
        TemplateErrorKind::FilterArgument { filter, .. } => {
            format!("filter `{filter}` tidak dapat dipakai seperti ini")
        }
        TemplateErrorKind::UnknownVariable { name, .. } => {
            format!("tidak ada kolom untuk variabel `{name}`")
        }
        TemplateErrorKind::AmbiguousVariable { name, columns } => {
            format!("variabel `{name}` dapat berarti {}", choice(columns))
        }
        TemplateErrorKind::TooLong { bytes, bytes_max } => {
            format!("templatnya {bytes} byte, paling banyak {bytes_max}")
        }
        other => other.to_string(),
    }
}

fn template_remedy(error: &TemplateError) -> String {
    match error.kind() {
        TemplateErrorKind::Unclosed { closed_by, .. } => format!("Tutup dengan `{closed_by}`."),
        TemplateErrorKind::Empty => {
            "Tulis nama kolom di antara kurung kurawal: `{{ nama }}`.".into()
        }
        TemplateErrorKind::UnknownFilter { near, .. }
        | TemplateErrorKind::UnknownVariable { near, .. }
            if !near.is_empty() =>
        {
            format!("Maksud Anda {}?", choice(near))
        }
        TemplateErrorKind::UnknownVariable { columns, .. } => {
            format!("Kolom yang ada: {}.", listed(columns))
        }
        TemplateErrorKind::AmbiguousVariable { columns, .. } => format!(
            "Ganti nama salah satu kolom {}: nama dibedakan hanya oleh huruf dan angka.",
            choice(columns)
        ),
        TemplateErrorKind::TooLong { .. } => "Persingkat templatnya.".into(),
        _ => error.remedy(),
    }
}

pub(super) fn row_fault(fault: &RowFault) -> String {
    match fault {
        RowFault::Message(error) => render(error),
        RowFault::Media(fault) => media_fault(fault),
        RowFault::RelativePath(path) => format!(
            "lokasi {} tidak berpangkal: tulis lokasi lengkap di kolomnya, atau foldernya di pilihan, misalnya /home/saya/faktur/{{{{no}}}}.pdf",
            path.display()
        ),
    }
}

fn render(error: &RenderError) -> String {
    match error {
        RenderError::Missing { variable } => format!(
            "nilai `{variable}` kosong: isi kolomnya, atau tulis {{{{ {variable} | default(\"...\") }}}}"
        ),
        RenderError::Filter {
            variable,
            value,
            filter,
            fault,
        } => match fault.readings() {
            [first, second] => format!(
                "`{variable}` bernilai {value:?}, yang dapat dibaca sebagai {first} atau {second}: tulis tanpa keraguan"
            ),
            _ => format!(
                "`{variable}` bernilai {value:?}, yang tidak dapat ditampilkan oleh `{filter}`: perbaiki nilainya di kolom itu"
            ),
        },
        RenderError::TooLong { chars_max, .. } => {
            format!("pesannya lebih dari {chars_max} karakter: persingkat templat atau nilainya")
        }
        RenderError::TooLarge { bytes_max, .. } => {
            format!("pesannya lebih dari {bytes_max} byte: persingkat templat atau nilainya")
        }
        RenderError::TooMuchWork => {
            "templatnya bekerja terlalu lama pada baris ini: kurangi perulangannya".into()
        }
        RenderError::Logic { why } => {
            format!(
                "templatnya gagal pada baris ini: {why}; cocokkan logikanya dengan nilai barisnya"
            )
        }
        RenderError::Empty => "pesannya kosong: beri templatnya teks".into(),
        RenderError::Path { value, .. } => format!(
            "`{value}` tidak dapat menjadi bagian lokasi file: perbaiki nilainya di kolom itu"
        ),
        RenderError::Url { value, .. } => format!("`{value}` bukan alamat yang dapat dipakai"),
        other => other.to_string(),
    }
}

fn media_fault(fault: &MediaFault) -> String {
    match fault {
        MediaFault::Missing { path } => format!(
            "tidak ada file {}: taruh di sana, atau perbaiki kolom lokasinya",
            path.display()
        ),
        MediaFault::NotAFile { path } => format!("{} bukan file", path.display()),
        MediaFault::OutsideFolder { path, folder } => {
            format!("{} ada di luar folder {}", path.display(), folder.display())
        }
        MediaFault::TooLarge { bytes, bytes_max } => {
            format!("besarnya {bytes} byte, paling banyak {bytes_max} dapat dikirim: perkecil")
        }
        MediaFault::Unreadable { why } => format!("tidak dapat dibaca: {why}"),
        other => other.to_string(),
    }
}

/// What is missing before a doubt can be settled. The store keeps the core's words, by which it is known again.
pub(super) fn missing_evidence(words: &str) -> String {
    let Some(missing) = Missing::ALL
        .into_iter()
        .find(|missing| missing.to_string() == words)
    else {
        return words.to_owned();
    };
    match missing {
        Missing::TrustedId => {
            "server ini belum terbukti memakai nomor pesan kita untuk jenis pesan ini"
        }
        Missing::Store => {
            "sesi ini tidak menyimpan pesan: nyalakan penyimpanannya sebelum kampanye berikutnya, dan putuskan yang ini lewat ponsel"
        }
        Missing::Control => {
            "pencarian juga tidak menemukan pesan lain dari waktu itu: apakah penyimpanan pesan sesi ini menyala?"
        }
        Missing::SameServer => {
            "server dijalankan ulang setelah pengiriman, jadi diamnya tidak membuktikan apa pun"
        }
        Missing::Time => "server mungkin masih menahan permintaannya",
        Missing::SteadySession => "sesi baru saja terputus",
        Missing::OtherAccounts => {
            "salinan database yang lebih lama dipakai, sehingga akun mana pun dari kampanye ini mungkin telah mengirimnya: lihat percakapannya di setiap ponsel"
        }
        Missing::Account => {
            "sesi ini sekarang memakai nomor lain: pasangkan lagi dengan nomor yang mengirimnya, atau putuskan lewat ponsel nomor itu"
        }
    }
    .to_owned()
}

/// At most twelve names, quoted.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("{name:?}"))
        .collect();
    match names.len() {
        0 => "tidak ada".into(),
        count if count > SHOWN => format!("{} dan {} lagi", shown.join(", "), count - SHOWN),
        _ => shown.join(", "),
    }
}

fn choice(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(" atau ")
}
