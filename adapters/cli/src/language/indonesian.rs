//! Bahasa Indonesia.

mod calendar;
mod causes;
mod doctor;

use std::fmt::Write as _;
use std::time::Duration;

use campaign_core::audience::Fault;
use campaign_core::campaign::{CampaignState, Priority, Share};
use campaign_core::consent::Origin;
use campaign_core::delivery::{Reason, State};
use campaign_core::forecast::Relaxation;
use campaign_core::limits::Gap;
use campaign_core::limits::Scope;
use sql_store::TroubleKind;

pub(super) use self::doctor::finding;
use super::{Loss, Slowest, Text, WaitText};

/// One text a row: a table, whatever its length.
pub(super) fn say(text: &Text) -> String {
    match text {
        Text::Plain(words) => words.clone(),
        Text::Cause(cause) => causes::cause(cause),
        Text::Empty => String::new(),
        Text::Error { what } => format!("galat: {what}"),

        Text::SettingsFile { path, why } => format!("pengaturan di {path} tidak dapat dipakai: {why}"),
        Text::Unreadable { path, why } => {
            format!("tidak dapat membaca {path}: {why}; periksa lokasi dan hak aksesnya")
        }
        Text::CannotWrite { path, why } => {
            format!("tidak dapat menulis {path}: {why}; kosongkan ruang disk, atau pilih file lain")
        }
        Text::NoDataFolder => {
            "sistem ini tidak menyebut folder untuk data pengguna: tentukan database dengan --db".into()
        }
        Text::WrongSetting { what, value, origin, why } => {
            let origin = causes::origin(origin);
            let why = causes::cause(why);
            format!("{what} bernilai {value:?} ({origin}), dan itu tidak dapat dipakai; {why}")
        }
        Text::ServerAddress { url, origin, why } => {
            let origin = causes::origin(origin);
            format!("alamat server {url} ({origin}) tidak dapat dipakai: {why}; isi WAHA_URL, misalnya http://localhost:3000")
        }
        Text::FastClockRefused { why } => {
            format!("--clock-speed hanya untuk simulator di komputer ini: {why}")
        }

        Text::ServerUnreachable { url } => {
            format!("server WAHA di {url} tidak menjawab: apakah sedang berjalan, dan apakah WAHA_URL benar?")
        }
        Text::ServerForeign { url } => format!(
            "yang menjawab di {url} bukan WAHA: isi WAHA_URL dengan alamat WAHA sendiri, misalnya http://localhost:3000, atau periksa proxy di depannya"
        ),
        Text::KeyRefused { url } => {
            format!("server WAHA di {url} menolak kuncinya: isi WAHA_API_KEY, atau --key-file")
        }
        Text::SessionMissing { session, url } => format!(
            "tidak ada sesi {session:?} di {url}: buat dengan waha-campaign session create {session}, atau pilih sesi lain (waha-campaign session list)"
        ),
        Text::SessionNotReady { session, status } => match status.as_str() {
            "SCAN_QR_CODE" => format!(
                "sesi {session:?} menunggu ponsel: tautkan dengan waha-campaign session qr {session}, lalu mulai lagi"
            ),
            "STOPPED" => format!(
                "sesi {session:?} berhenti: waha-campaign session start {session}, lalu mulai lagi"
            ),
            "FAILED" => format!("sesi {session:?} FAILED: {}", session_next(session, "FAILED")),
            status => format!("sesi {session:?} berstatus {status}, bukan WORKING: tunggu, atau periksa di WAHA"),
        },

        Text::NoDatabase { path } => format!(
            "tidak ada database {path}: mulai sebuah kampanye dahulu, atau pilih database lain dengan --db"
        ),
        Text::NoCampaign { name, others } if others.is_empty() => {
            format!("tidak ada kampanye {name:?}: database ini masih kosong")
        }
        Text::NoCampaign { name, others } => {
            format!("tidak ada kampanye {name:?}; yang ada: {}", others.join(", "))
        }
        Text::NoCampaigns => "belum ada kampanye".into(),
        Text::RunnerBusy { holder } => {
            format!("{holder} sedang mengirim dari database ini: biarkan selesai, atau hentikan dahulu")
        }
        Text::FollowsRunner { holder } => {
            format!("{holder} sedang mengirim dari database ini dan mengerjakan ini juga; dari sini hanya dipantau")
        }
        Text::ListenerWouldSend => {
            "saat ini tidak ada yang mengirim atau mendengarkan, dan ada kampanye yang belum selesai: waha-campaign resume --all melanjutkannya, dan mendengarkan".into()
        }
        Text::WorkersNeedServer { path } => format!(
            "{path} adalah file, yang dipakai mengirim oleh satu proses: beberapa worker memerlukan database di server PostgreSQL \
             (waha-campaign migrate --to postgres://user@host/nama memindahkan semuanya ke sana)"
        ),
        Text::Attends { sessions, workers } => {
            format!("menangani {sessions} sesi; jumlah worker seluruhnya {workers}")
        }
        Text::JoinsAgain { why } => format!("{why}; bergabung kembali dengan yang lain"),
        Text::WorkerEnded { sent } => {
            format!("{sent} pesan terkirim; sisanya dikerjakan worker lain, atau siapa pun yang datang berikutnya")
        }
        Text::NobodySends => "saat ini tidak ada yang mengirim dari database ini".into(),
        Text::NoAnswer => {
            "perintah sudah dititipkan pada proses pengirim, yang belum menjawab; lihat lagi dengan: waha-campaign status".into()
        }

        Text::NoMessage => {
            "belum ada pesan: beri --template \"Halo {{nama}}\", --template-file, --image atau --file".into()
        }
        Text::TwoTemplates => "beri --template atau --template-file, jangan keduanya".into(),
        Text::ButtonForm { given } => {
            format!("--button {given:?} tidak memuat \"=\": tulis \"Label=https://...\"")
        }
        Text::Moment { option, given } => {
            format!("{option} {given:?} bukan waktu: tulis 2026-11-22T08:00")
        }
        Text::Repetition { file, other, since } => format!(
            "kampanye {other:?}, dibuat {since}, mengirim pesan yang sama ke daftar yang sama {file:?}: lanjutkan kampanye itu dengan namanya, atau tambahkan --again kalau semua orang memang harus menerimanya untuk kedua kali"
        ),
        Text::StartIsPast { moment } => {
            format!("--at {moment} sudah lewat: beri waktu yang akan datang, atau hapus agar mulai sekarang")
        }
        Text::ExpiryIsPast { moment } => {
            format!("--expires {moment} sudah lewat, tidak seorang pun akan menerimanya")
        }
        Text::BadName { name } => format!(
            "{name:?} tidak dapat menjadi nama kampanye: paling banyak 100 karakter, tanpa / \\ : * ? \" < > |"
        ),
        Text::Lookalikes { found } => format!(
            "catatan: {} akan terkirim seperti tertulis; kolom ditulis {{{{nama}}}}",
            found.join(", ")
        ),
        Text::OtherPhoneColumns { used, others } => format!(
            "catatan: nomor telepon diambil dari {used:?}; {} mungkin juga memuatnya (--phone-column)",
            super::quoted(others)
        ),
        Text::HiddenRows { rows } => {
            format!("catatan: {rows} baris di lembar ini tersembunyi; baris itu tetap dihitung")
        }
        Text::RowsRefused { count, shown, how_to_skip } => {
            let mut words = format!("pesan tidak dapat dibuat untuk {count} baris, jadi belum ada yang dimulai:");
            for (row, fault) in shown {
                let _infallible = write!(words, "\n  baris {row}: {}", causes::row_fault(fault));
            }
            let more = *count - shown.len() as u64;
            if more > 0 {
                let _infallible = write!(words, "\n  dan {more} lagi");
            }
            if *how_to_skip {
                words.push_str("\nperbaiki, atau lewati dengan --missing skip");
            }
            words
        }
        Text::RowFault { fault } => causes::row_fault(fault),
        Text::NobodyLeft => "tidak seorang pun di daftar ini dapat dikirimi pesan".into(),
        Text::Differs { name, differences } => {
            let mut words = format!("sudah ada kampanye {name:?}, dengan masukan lain:");
            for (what, was, is) in differences {
                let _infallible = write!(words, "\n  {}: semula {was}, sekarang {is}", causes::input(what));
            }
            words.push_str("\nberi masukan yang sama untuk melanjutkannya, atau nama lain untuk kampanye lain");
            words
        }
        Text::WasCancelled { name } => {
            format!("kampanye {name:?} sudah dibatalkan dan tidak dapat dilanjutkan: beri nama lain")
        }
        Text::IsPaused { name } => {
            format!("{name} sedang dijeda: waha-campaign resume {name:?} melanjutkannya")
        }
        Text::TooManyRows { most } => {
            format!("satu kampanye memuat paling banyak {most} penerima: bagi daftarnya")
        }
        Text::Reading { rows } => format!("membaca: {rows} baris"),

        Text::PlanFile { name, rows, sheet, phone } => {
            let sheet = sheet.as_ref().map(|sheet| format!(", lembar {sheet:?}")).unwrap_or_default();
            format!("Daftar    {name}{sheet}: {rows} baris, nomor telepon di {phone:?}")
        }
        Text::PlanSplit { deliveries, sent_to, skipped, rejected } => {
            let skipped = if *skipped > 0 { format!(", {skipped} dilewati") } else { String::new() };
            format!(
                "Baris     {} = {rejected} ditolak + {deliveries} kiriman ({sent_to} akan dikirim{skipped})",
                rejected + deliveries
            )
        }
        Text::PlanSkipped { counts, waiting } => {
            let mut parts: Vec<String> =
                counts.iter().map(|(why, count)| format!("{count} {}", reason(*why))).collect();
            if *waiting > 0 {
                parts.push(format!("{waiting} menunggu jatahnya"));
            }
            format!("Termasuk  {}", parts.join(", "))
        }
        Text::PlanLimited { limit } => {
            format!("Batas     hanya {limit} yang pertama; sisa daftar tidak dibaca")
        }
        Text::PlanMessage { line, longest } => {
            format!("Pesan     {line}\n          paling panjang {longest} karakter")
        }
        Text::PlanFirst => "Pesan-pesan pertama:".into(),
        Text::PlanPreview { row, phone, message } => {
            let message = message.replace('\n', "\n    ");
            format!("  baris {row}, {phone}\n    {message}")
        }
        Text::PlanLeftOut { counts } => {
            let counts: Vec<String> = counts
                .iter()
                .map(|(what, count)| format!("{count} {}", causes::reject_reason(*what)))
                .collect();
            format!("Ditolak: {}", counts.join(", "))
        }
        Text::PlanReject { row, column, value, fault } => {
            let column = column.as_ref().map(|column| format!(", {column:?}")).unwrap_or_default();
            format!("  baris {row}{column}: {value:?} {}: {}", causes::fault(fault), causes::remedy(fault))
        }
        Text::PlanMore { count } => format!("  dan {count} lagi"),
        Text::RejectsFile { file, rows } => {
            format!("{rows} baris yang ditolak ada di {file}, siap diperbaiki")
        }
        Text::PlanLimits { gap, per_day, windows, rest, warm_up, restarts, counts_by_hand } => {
            let mut parts = Vec::new();
            if let Some((min, max)) = gap {
                parts.push(format!("{} sampai {} antara dua pesan", length(*min), length(*max)));
            }
            parts.extend(windows.iter().map(|(count, span)| format!("{count} dalam tiap {}", length(*span))));
            parts.extend(per_day.map(|count| format!("{count} sehari")));
            parts.extend(rest.map(|(after, min, max)| {
                format!("setelah {after} istirahat {} sampai {}", length(min), length(max))
            }));
            parts.extend(warm_up.as_ref().map(|(growth, day)| format!("dihangatkan {growth} sejak {day}")));
            if *counts_by_hand {
                parts.push("yang dikirim dari ponsel ikut dihitung".into());
            }
            if *restarts {
                parts.push("sesi yang mati dimulai ulang".into());
            }
            if parts.is_empty() {
                parts.push("tidak ada".into());
            }
            format!("Batas     {}", parts.join(", "))
        }
        Text::PlanTime { begins, ends, takes, zone, days, slowest } => {
            let days = if *days > 1 { format!(" dalam {days} hari") } else { String::new() };
            let slowest = match slowest {
                Slowest::Gap => "; paling lama karena jeda antarpesan",
                Slowest::Window => "; paling lama karena batas per jangka waktu",
                Slowest::DailyCap => "; paling lama karena batas per hari",
                Slowest::WarmUp => "; paling lama karena nomornya masih dihangatkan",
                Slowest::Rest => "; paling lama karena waktu istirahatnya",
                Slowest::Shared => "; paling lama karena batas di atas akun",
                Slowest::Hours => "; paling lama karena menunggu jam kirim",
                Slowest::Server => "",
            };
            format!("Waktu     {begins} sampai {ends} ({zone}), {}{days}{slowest}", length(*takes))
        }
        Text::CalendarLine { file, fault } => format!("{file}: {}", calendar::line(fault)),
        Text::PlanIf { change, ends, late } => {
            let with = match change {
                Relaxation::Gap { from, to } => {
                    format!("dengan jeda {}, bukan {}", pause(*to), pause(*from))
                }
                Relaxation::Windows { .. } => "dengan dua kali lipat per jangka waktu".into(),
                Relaxation::DailyCap { from, to } => format!("dengan {to} per hari, bukan {from}"),
                Relaxation::WarmedUp => "dengan nomor yang sudah hangat".into(),
                Relaxation::NoRest => "tanpa waktu istirahat".into(),
                Relaxation::NoSharedLimits => "tanpa batas di atas akun".into(),
                Relaxation::AnyHour => "tanpa batas jam kirim".into(),
            };
            let late = if *late > 0 { format!(", {late} terlambat") } else { String::new() };
            format!("          {with} selesainya {ends}{late}")
        }
        Text::PlanLate { count } => format!("          {count} akan terlambat dan dilewati"),
        Text::PlanNothing => "Belum ada yang dikirim dan belum ada yang disimpan.".into(),
        Text::PlanNext { command } => format!("Untuk mengirim: {command}"),

        Text::GoesOn { name, state: CampaignState::Settled } => {
            format!("{name} tuntas: tidak ada lagi yang perlu dikirimi")
        }
        Text::GoesOn { name, state } => format!("{name} {}: dilanjutkan", campaign_state(*state)),
        Text::Imported { deliveries, rejected, skipped } => {
            let skipped = if *skipped > 0 { format!(", {skipped} di antaranya dilewati") } else { String::new() };
            format!("{deliveries} penerima{skipped}; {rejected} baris ditolak")
        }
        Text::Confirm { count, session } => {
            format!("Kirim ke {count} orang dari sesi {session:?}? Ketik ya: ")
        }
        Text::NotConfirmed => "tidak disetujui; belum ada yang dikirim".into(),
        Text::Stopping => {
            "berhenti: yang sedang dikirim diselesaikan dahulu (tekan sekali lagi untuk berhenti seketika)".into()
        }
        Text::Progress {
            name, state, done, total, handed_over, delivered, failed, unconfirmed, skipped, per_minute, left, waits,
        } => {
            let mut words = format!("{name} {}: {done}/{total}, {handed_over} terkirim", campaign_state(*state));
            for (count, what) in [
                (delivered, "sampai"),
                (failed, "gagal"),
                (unconfirmed, "belum pasti"),
                (skipped, "dilewati"),
            ] {
                if *count > 0 {
                    let _infallible = write!(words, ", {count} {what}");
                }
            }
            if let Some(waits) = waits {
                let _infallible = write!(words, "; {}", wait(waits));
            } else if *state == CampaignState::Completed {
                words.push_str("; menunggu tanda terima");
            } else if let Some((rate, left)) = per_minute.zip(*left) {
                let _infallible = write!(words, "; {rate:.0}/menit, sisa {}", length(left));
            }
            words
        }
        Text::SumName { name, state } => format!("{name}: {}", campaign_state(*state)),
        Text::SumRows { rows, rejected, deliveries } => {
            format!("  baris        {rows} = {rejected} ditolak + {deliveries} kiriman")
        }
        Text::SumState { state, count, reasons } => {
            let mut words = format!("  {:12} {count}", state_name(*state));
            let reasons: Vec<String> = reasons
                .iter()
                .map(|(why, count)| format!("{count} {}", reason(*why)))
                .collect();
            if !reasons.is_empty() {
                let _infallible = write!(words, " ({})", reasons.join("; "));
            }
            words
        }
        Text::SumWaits { waits } => format!("  {}", wait(waits)),
        Text::Stopped { name } => format!("{name} berhenti, tidak ada yang hilang"),
        Text::Aborted { name } => format!(
            "{name} dihentikan seketika; yang sedang dikirim menjadi belum pasti dan dicari pada start berikutnya"
        ),
        Text::StillRuns => "proses pengirim tetap berjalan".into(),
        Text::WaitingEnds { name } => format!("{name} belum selesai"),
        Text::NextSession { command } => format!("yang perlu dilakukan:        {command}"),
        Text::NextReport { command } => format!("semua orang, satu per satu:  {command}"),
        Text::NextUnconfirmed { command } => format!("yang harus Anda putuskan:    {command}"),
        Text::NextRetry { command } => format!("mencoba lagi yang gagal:     {command}"),
        Text::NextResume { command } => format!("untuk melanjutkan:           {command}"),

        Text::StatusRunner { holder: Some(holder) } => format!("{holder} sedang mengirim"),
        Text::StatusRunner { holder: None } => "saat ini tidak ada yang mengirim dari database ini".into(),
        Text::StatusLine { name, state, done, total, failed, unconfirmed, waits } => {
            let mut words = format!("{name:24} {:10} {done}/{total}", campaign_state(*state));
            for (count, what) in [(failed, "gagal"), (unconfirmed, "belum pasti")] {
                if *count > 0 {
                    let _infallible = write!(words, ", {count} {what}");
                }
            }
            if let Some(waits) = waits {
                let _infallible = write!(words, "; {}", wait(waits));
            }
            words
        }

        Text::CampaignIs { name, state, in_flight } => {
            let flight = match in_flight {
                0 => ", tidak ada yang sedang dikirim".to_owned(),
                count => format!(", {count} pesan masih dikirim"),
            };
            format!("{name} {}{flight}", campaign_state(*state))
        }
        Text::NothingUnderWay => "tidak ada kampanye yang berjalan".into(),
        Text::PausedStay { names } => format!(
            "dijeda, dan dibiarkan begitu (waha-campaign resume NAMA): {}",
            names.join(", ")
        ),
        Text::Moved { moved, refused } => {
            let refused = if *refused > 0 {
                format!("; {refused} tidak dapat, karena keadaannya sudah berubah")
            } else {
                String::new()
            };
            format!("{moved} selesai{refused}")
        }
        Text::WhichDeliveries => "sebutkan yang mana: --phone, --row atau --all".into(),
        Text::NoSuchRow { row } => format!("tidak ada yang belum pasti di baris {row}"),
        Text::NoSuchPhone { phone } => format!("tidak ada yang belum pasti ke {phone}"),
        Text::NoUnconfirmed { name } => format!("{name}: tidak ada yang belum pasti"),
        Text::UnconfirmedRow { row, phone, reason: why, since, missing } => {
            let missing = missing
                .as_ref()
                .map(|missing| format!("; {}", causes::missing_evidence(missing)))
                .unwrap_or_default();
            format!("  baris {row}, {phone}, sejak {since}: {}{missing}", reason(*why))
        }
        Text::UnconfirmedHelp { name } => format!(
            "Lihat percakapannya di ponsel, lalu:\n\
             \x20 pesannya ada:               waha-campaign unconfirmed confirm {name} --row N\n\
             \x20 tidak ada, kirim lagi:      waha-campaign unconfirmed resend {name} --row N\n\
             \x20 tidak ada, biarkan saja:    waha-campaign unconfirmed give-up {name} --row N\n\
             Cari sekali lagi:             waha-campaign unconfirmed refresh {name}"
        ),
        Text::ResendWarning { count } => format!(
            "{count} orang mungkin menerima pesan dua kali: tambahkan --yes bila memang itu yang Anda inginkan"
        ),
        Text::Refreshed { settled, left } => format!("{settled} sudah pasti, {left} masih belum pasti"),
        Text::RetryReason { given } => format!(
            "{given:?} bukan alasan gagal: pakai exhausted, refused atau refused_by_whatsapp"
        ),

        Text::ReportWritten { file, rows } => format!("{rows} baris di {file}"),
        Text::Checked { there, not_there, not_known, left } => {
            let mut words = format!("ada di WhatsApp: {there}; tidak ada di WhatsApp: {not_there}");
            if *not_known > 0 {
                let _infallible = write!(words, "; WhatsApp tidak menjawab: {not_known}");
            }
            if *left > 0 {
                let _infallible = write!(words, "; belum ditanyakan: {left}");
            }
            words
        }
        Text::CheckAgain { waits } => {
            let why = waits.as_ref().map(wait).unwrap_or_default();
            let colon = if why.is_empty() { "" } else { ": " };
            format!("belum selesai{colon}{why}; perintah yang sama melanjutkannya")
        }
        Text::RejectsMissing { file, rejected, found } => format!(
            "catatan: {rejected} baris ditolak saat impor, {found} di antaranya ada di {file}; sebutkan filenya dengan --rejects"
        ),

        Text::DemoBegins { folder, speed } => format!(
            "Daftar yang berantakan, simulator WAHA di proses ini (waktu berjalan {speed} kali lebih cepat), semuanya di {folder}"
        ),
        Text::DemoCommand { command } => format!("\n$ {command}"),
        Text::DemoFaults { faults } => {
            let faults: Vec<String> = faults.iter().map(|(what, count)| format!("{count} {what}")).collect();
            format!("Gangguan yang sengaja dibuat: {}", faults.join(", "))
        }
        Text::DemoVerdict { received, twice, lost, wrong, unconfirmed } => format!(
            "Catatan simulator sendiri: {received} pesan diterima; {twice} orang menerima dua kali, {lost} hilang, {wrong} dilaporkan salah, {unconfirmed} belum pasti"
        ),
        Text::DemoFiles { report, rejects } => format!("Lihat {report} dan {rejects}"),

        Text::ManWritten { folder } => format!("halaman-halaman manual ada di {folder}"),
        Text::ConfigLine { name, value: Some(value), origin } => {
            format!("{name:10} {value:32} {}", causes::origin(origin))
        }
        Text::ConfigLine { name, value: None, .. } => format!("{name:10} tidak diisi"),

        Text::SuppressAdded { count } => {
            format!("{count} nomor sekarang ada di daftar larangan kirim; tidak ada yang mengirim kepadanya")
        }
        Text::SuppressRemoved { removed, asked } if removed == asked => {
            format!("{removed} nomor dikeluarkan dari daftar larangan kirim")
        }
        Text::SuppressRemoved { removed, asked } => format!(
            "{removed} nomor dikeluarkan dari daftar larangan kirim; {} memang tidak ada di sana",
            asked.saturating_sub(*removed)
        ),
        Text::SuppressLine { phone, origin, source, since } => match origin {
            Origin::Operator | Origin::Import => format!("{phone}  sejak {since}  {source}"),
            Origin::Reply => format!("{phone}  sejak {since}  menulisnya sendiri (pesan {source})"),
            Origin::Block => format!("{phone}  sejak {since}  memblokir: {source}"),
            Origin::Bounce => format!("{phone}  sejak {since}  tidak menerima pesan: {source}"),
        },
        Text::SuppressNone => "daftar larangan kirim kosong".into(),
        Text::HiddenLine { lid, account, since } => {
            format!("{lid}  menulis kepada {account} pada {since}; sebutkan nomornya: waha-campaign suppress resolve {lid} NOMOR")
        }
        Text::HiddenNone => "tidak ada yang berhenti dengan nomor tersembunyi".into(),
        Text::LidResolved { lid, phone: Some(phone) } => {
            format!("{lid} adalah {phone}; tidak ada yang mengirim kepadanya")
        }
        Text::LidResolved { lid, phone: None } => format!("{lid} tidak ada di daftar mana pun; siaran berlanjut"),

        // Consent
        Text::NoConsentColumn { name, others } => {
            format!("tidak ada kolom {name:?}; yang ada: {}", others.join(", "))
        }
        Text::ConsentUnclear { count } => {
            format!("{count} baris tidak menjawab ya atau tidak: tidak dicatat")
        }
        Text::ConsentRecorded { granted, withdrawn } => {
            format!("dicatat: {granted} setuju, {withdrawn} tidak setuju lagi")
        }
        Text::ConsentLine { phone, category, is_granted, source, since } => {
            let said = if *is_granted { "setuju" } else { "tidak setuju lagi" };
            format!("{phone}  {category}  {said}  sejak {since}  {source}")
        }
        Text::ConsentNone => "belum ada yang menyatakan setuju atau menariknya kembali".into(),
        Text::NoCap => "Jatah     tanpa batas".into(),
        Text::CapLine { category, messages_max, days } => {
            let of = category.map_or("marketing dan utility bersama".to_owned(), |it| it.to_string());
            format!("Jatah     {messages_max} pesan per orang dalam {days} hari mana pun, {of}")
        }
        Text::AnswerLine { texts: None } => "Jawaban   tidak ada: permintaan berhenti dipatuhi tanpa kata".into(),
        Text::AnswerLine { texts: Some((indonesian, english)) } => {
            format!("Jawaban   ke +62: {indonesian}\n          ke lainnya: {english}")
        }
        Text::WordsLine { opt_out, opt_in } => format!(
            "Berhenti  {}\nMulai     {}",
            opt_out.join(", "),
            opt_in.join(", ")
        ),

        // Sessions
        Text::SessionName { name, origin } => format!(
            "{name:?} ({}) tidak dapat menjadi nama sesi: 1 sampai 54 huruf, angka, tanda hubung dan garis bawah",
            causes::origin(origin)
        ),
        Text::SessionServerSays { url, what } => format!(
            "server WAHA di {url} {what}; waha-campaign session list menunjukkan keadaan sesi-sesinya"
        ),
        Text::SessionKeyForbidden { url } => format!(
            "server WAHA di {url} mengenal kuncinya tetapi tidak mengizinkan ini: pakai kunci yang boleh mengelola sesi"
        ),
        Text::SessionInDoubt { url } => format!(
            "tidak ada jawaban dari server WAHA di {url}, jadi mungkin sudah dikerjakan dan mungkin belum: lihat dengan waha-campaign session list"
        ),
        Text::SessionNone => "belum ada sesi: waha-campaign session create membuatnya".into(),
        Text::SessionLine { name, status, account, push_name, keeps_messages } => {
            let account = account_name(account, push_name);
            let store = match keeps_messages {
                Some(true) => "menyala",
                Some(false) => "mati",
                None => "tidak diketahui",
            };
            format!("{name}: {status}, {account}, penyimpanan pesan {store}")
        }
        Text::SessionNext { name, status } => format!("  {}", session_next(name, status)),
        Text::SessionKeepsNone { name } => format!(
            "  penyimpanan pesannya mati, jadi pesan yang jawabannya hilang tidak dapat dicari:\n\
             \x20 nyalakan di WAHA (config.noweb.store.enabled milik {name}); tautan dengan ponsel tetap ada"
        ),
        Text::SessionStands { name, status } => {
            format!("sesi {name:?} berstatus {status}: {}", session_next(name, status))
        }
        Text::SessionExists { name, status } => {
            let next = match status.as_str() {
                "WORKING" => "sudah tertaut dan dapat mengirim".to_owned(),
                status => session_next(name, status),
            };
            format!(
                "sesi {name:?} sudah ada, dan dibiarkan seperti adanya. Statusnya {status}: {next}; \
                 untuk membuatnya dari awal, waha-campaign session delete {name} dahulu, atau beri nama lain"
            )
        }
        Text::SessionCreated { name } => format!("{name} dibuat, dengan penyimpanan pesan menyala"),
        Text::SessionAlready { name, status } => format!("{name} sudah {status}"),
        Text::SessionDeleted { name } => format!("{name} dihapus"),
        Text::SessionConfirm { name, account, loss } => {
            format!("{} Ketik ya: ", session_loss(name, account.as_deref(), *loss))
        }
        Text::SessionNeedsYes { name, account, loss } => format!(
            "{} Tambahkan --yes bila memang itu yang Anda inginkan",
            session_loss(name, account.as_deref(), *loss)
        ),
        Text::SessionKept { name } => format!("tidak disetujui; {name} dibiarkan seperti adanya"),
        Text::SessionWaits { name } => {
            format!("{name} masih STARTING: waha-campaign session list menunjukkan kelanjutannya")
        }
        Text::PairScan => {
            "Di ponsel: WhatsApp, Perangkat tertaut, Tautkan perangkat. Lalu pindai ini (kodenya berganti sewaktu-waktu; Ctrl-C mengakhiri):".into()
        }
        Text::PairScanFile { file } => format!(
            "Di ponsel: WhatsApp, Perangkat tertaut, Tautkan perangkat. Lalu pindai gambar {file} (kodenya berganti sewaktu-waktu; Ctrl-C mengakhiri)"
        ),
        Text::PairNewFile { file } => format!("{file} sekarang memuat kode baru: buka lagi"),
        Text::PairUndrawable => {
            "kode QR dari server tidak dapat digambar di sini: simpan sebagai gambar dengan --out qr.png".into()
        }
        Text::PairWindow { columns, lines } => format!(
            "jendela ini terlalu kecil untuk kodenya: besarkan menjadi {columns} kolom kali {lines} baris (huruf yang lebih kecil membantu), atau simpan gambar dengan --out qr.png"
        ),
        Text::PairCode { code, phone } => format!(
            "Di ponsel bernomor {phone}: WhatsApp, Perangkat tertaut, Tautkan perangkat, Tautkan dengan nomor telepon saja. Lalu ketik:\n\n    {code}\n"
        ),
        Text::PairPasskey => {
            "WhatsApp meminta kunci sandi: setujui di ponsel, atau periksa sesinya di WAHA".into()
        }
        Text::PairServerAway { url } => {
            format!("server WAHA di {url} sedang tidak menjawab; dicoba lagi")
        }
        Text::PairDone { name, account, push_name } => {
            format!("{name} WORKING, {}", account_name(account, push_name))
        }
        Text::PairAlready { name, account, push_name } => format!(
            "{name} sudah WORKING, {}: tidak ada yang perlu dipindai",
            account_name(account, push_name)
        ),
        Text::PairLost { name, status } => match status.as_str() {
            "FAILED" => format!(
                "belum tertaut: kodenya tidak dipakai pada waktunya, dan sesi sekarang FAILED. waha-campaign session restart {name}, lalu ulangi"
            ),
            status => format!("belum tertaut: sesi sekarang {status}; {}", session_next(name, status)),
        },
        Text::PairTimedOut { name } => format!(
            "belum tertaut dalam waktu yang diberikan; sesi {name:?} masih menunggu ponsel. Beri waktu lebih dengan --timeout"
        ),
        Text::PairInterrupted { name } => format!(
            "tidak ditunggu lagi; waha-campaign session list menunjukkan apakah {name} sudah tertaut"
        ),

        Text::CannotChange { name, state } => format!(
            "kampanye {name:?} {}: hanya dapat diubah setelah daftarnya masuk dan sebelum dibatalkan",
            campaign_state(*state)
        ),
        Text::OtherKey { known, asked } => match known {
            Some(known) => format!(
                "kampanye ini membedakan baris dengan nomor yang sama menurut kolom {known:?}, bukan {asked:?}: jangan pakai --key-column"
            ),
            None => format!(
                "kampanye ini mengirim satu pesan per nomor dan tidak punya kolom kunci {asked:?}: jangan pakai --key-column, atau mulai kampanye lain"
            ),
        },
        Text::KeyUnknown { name } => format!(
            "kampanye {name:?} dimulai dengan versi lama yang tidak mencatat kolom kuncinya: mulai kampanye lain untuk orang-orang ini"
        ),
        Text::Added { name, deliveries, skipped, rejected, known } => {
            let skipped = if *skipped > 0 { format!(", {skipped} di antaranya dilewati") } else { String::new() };
            let known = if *known > 0 { format!("; {known} sudah ada di dalamnya") } else { String::new() };
            format!("{name}: {deliveries} penerima ditambahkan{skipped}{known}; {rejected} baris tidak dipakai")
        }
        Text::Edited { name, left } => format!("{name}: teks baru dikirim kepada {left} orang yang belum dikirimi"),
        Text::PlanShares { shares } => {
            let shares = shares.iter().map(|(session, count)| format!("{session} {count}"));
            format!("Akun      {}, jika belum ada yang mengenal siapa pun", shares.collect::<Vec<_>>().join(", "))
        }
        Text::SumAccount { phone, count } => format!("  dari {phone}: {count}"),
        Text::ShareIs { name, share } => format!("{name}: {}", self::share(*share)),
        Text::SumShare { share } => format!("  {}", self::share(*share)),
        Text::SumEarlier { message, until, past } => {
            format!("  sampai {until}, untuk {past} yang pertama: {message}")
        }
        Text::SendOutcome { phone, state, reason } => match reason {
            Some(reason) => format!("{phone}: {} ({})", state_name(*state), self::reason(*reason)),
            None => format!("{phone}: {}", state_name(*state)),
        },
        Text::SendForgotten { key } => format!(
            "pesan dengan kunci {key:?} sudah lama dikirim; rinciannya sudah dihapus dan pesan itu tidak dikirim lagi: pakai kunci lain"
        ),
        Text::BadKey { key } => format!("{key:?} bukan kunci: pakai 1 sampai 100 karakter dalam satu baris"),
        Text::OwnNumberUnknown { session } => format!(
            "sesi {session:?} tidak menyebutkan nomornya sendiri: sebutkan nomor Anda dengan --to 0812..."
        ),
        Text::LimitsAre { session, phone } => format!("{phone} (sesi {session:?})"),
        Text::SharedLimitsAre { scope, campaign } => match (scope, campaign) {
            (_, Some(name)) => format!("kampanye {name:?}, untuk semua akunnya"),
            (Scope::Server(name), _) => format!("server {name}, untuk semua sesinya"),
            (Scope::Tenant(name), _) => format!("{name}, untuk semua kampanyenya"),
            _ => "seluruh instalasi".into(),
        },
        Text::OnlyShared { option } => format!(
            "{option} hanya berlaku untuk satu akun: dengan --campaign, --server, dan --installation hanya --per-day dan --window yang dapat diatur"
        ),
        Text::ReplyLine { name, phone, at, text } => format!("{at}  {phone}  {name}: {text}"),
        Text::NoReplies => "tidak ada balasan yang terdengar: balasan terdengar selama ada perintah yang mengirim atau memantau".into(),
        Text::NoSuchState { given, known } => {
            format!("--only {given:?} bukan status; yang ada: {}", known.join(", "))
        }
        Text::NoSuchFormat { file, known } => format!(
            "laporan tidak dapat ditulis sebagai {file:?}: beri nama berakhiran salah satu dari {}, atau pakai --format",
            known.join(", ")
        ),
        Text::WorkbookNeedsFile => {
            "laporan XLSX tidak dapat ditulis ke keluaran standar: sebutkan filenya dengan --out laporan.xlsx".into()
        }
        Text::RefreshWouldSend => {
            "catatan: tidak ada yang diperiksa, karena ada kampanye yang belum selesai dan akan ikut mengirim: jalankan dulu waha-campaign resume --all, lalu buat laporan ini lagi".into()
        }
        Text::RefreshElsewhere => {
            "catatan: proses pengirim sedang memeriksanya; laporan ini menunjukkan keadaan saat ini".into()
        }

        Text::DatabaseTrouble { kind, path, detail } => database_trouble(*kind, path, detail),
        Text::SaveUnknown { trouble } => format!(
            "belum diketahui apakah perubahan terakhir tersimpan: {}. Tidak ada yang hilang: setelah itu dibereskan, \
             waha-campaign resume --all mencari dahulu semua yang belum pasti sebelum mengirim apa pun",
            say(trouble)
        ),
        Text::StoreFails { trouble } => format!(
            "database tidak dapat dipakai, jadi tidak ada lagi yang dikirim; pengiriman berlanjut sendiri setelah ini dibereskan: {}",
            say(trouble)
        ),
        Text::DatabaseTooNew { path, found, known } => format!(
            "{path} berasal dari versi program yang lebih baru (skema {found}, program ini mengenal {known}): pakai program yang lebih baru. \
             Tidak ada yang diubah"
        ),
        Text::PasswordSeen { origin } => format!(
            "kata sandi database tertulis {}, sehingga dapat dibaca orang lain: hapus dari sana dan simpan di \
             WAHA_CAMPAIGN_DB_PASSWORD, atau di file yang ditunjuk --db-password-file",
            causes::origin(origin)
        ),
        Text::DatabaseUnknown { scheme } => format!(
            "{scheme}:// bukan database yang dikenal program ini: sebutkan sebuah file, sqlite:FILE atau postgres://user@host/nama"
        ),
        Text::DatabaseMoved { path, to } => format!(
            "{path} sudah dipindahkan ke {to}: yang terlihat adalah keadaannya saat itu. Sebutkan database itu dengan --db, atau atur sekali saja"
        ),
        Text::OnlyInFile { place } => format!(
            "{place} ada di server, sedangkan perintah ini untuk database dalam file: pg_dump dan psql milik PostgreSQL membuat dan \
             memulihkan cadangan"
        ),
        Text::DatabaseForeign { path } => format!(
            "{path} bukan database program ini dan dibiarkan apa adanya: pilih file lain dengan --db"
        ),
        Text::FileExists { path } => format!("{path} sudah ada dan dibiarkan apa adanya: pilih nama lain"),
        Text::BackupMade { file, bytes, campaigns, deliveries } => format!(
            "{file}: {}, {campaigns} kampanye, {deliveries} kiriman, sudah dibaca ulang dan utuh.\n\
             Isinya nama dan nomor orang: simpan di tempat yang hanya dapat Anda baca",
            size(*bytes)
        ),
        Text::NotABackup { path } => format!(
            "{path} bukan cadangan program ini: beri file yang dibuat dengan waha-campaign backup. Tidak ada yang diubah"
        ),
        Text::RestoreOver { path, backup } => format!(
            "sudah ada database: {path}. Untuk menggantinya dengan cadangan, sedangkan yang sekarang disimpan di sampingnya: \
             waha-campaign restore {} --replace",
            crate::summary::quoted(backup)
        ),
        Text::Restored { path, campaigns, deliveries, as_of } => {
            let as_of = as_of.as_ref().map(|moment| format!(", per {moment}")).unwrap_or_default();
            format!("{path} kembali memuat {campaigns} kampanye, {deliveries} kiriman{as_of}")
        }
        Text::RestoreKept { path } => format!("database yang tadinya ada disimpan sebagai {path}"),
        Text::RestoreSuppressed { count } => format!(
            "{count} nomor masuk daftar larangan kirim setelah cadangan dibuat, dan tetap di sana:"
        ),
        Text::RestoreMore { count, command } => format!("dan {count} lagi: {command}"),
        Text::RestoreWithdrawn { count } => {
            format!("{count} persetujuan yang ditarik setelah cadangan dibuat tetap ditarik")
        }
        Text::RestoreHidden { count } => format!(
            "{count} permintaan berhenti dari orang yang nomornya disembunyikan WhatsApp masuk setelah cadangan dibuat, dan tetap berlaku: \
             waha-campaign suppress hidden"
        ),
        Text::RestoreCampaigns => {
            "Setelah cadangan dibuat, ini terjadi pada kampanye dan tidak ada di dalamnya. Putuskan sebelum melanjutkan:".into()
        }
        Text::RestoreCampaign { name, was, is: Some(is), command } => format!(
            "{name} tadinya {} dan kini kembali {}; agar seperti tadi: {command}",
            campaign_state(*was),
            campaign_state(*is)
        ),
        Text::RestoreCampaign { name, was, is: None, command } => format!(
            "{name} ({}) dibuat setelahnya: orangnya mungkin sudah menerima pesannya, jangan dimulai lagi dari daftarnya. Yang terkirim: {command}",
            campaign_state(*was)
        ),
        Text::RestoreNothingSince => {
            "Setelah cadangan dibuat tidak ada nomor yang masuk daftar larangan kirim, dan tidak ada kampanye yang dihentikan atau dibuat".into()
        }
        Text::RestoreUnread { why, as_of } => format!(
            "Database yang tadinya ada tidak terbaca semuanya ({why}). Siapa lagi yang minta berhenti {}, dan apa yang dibatalkan, dijeda atau dibuat, \
             tidak dapat diketahui. Periksa percakapan, dan masukkan yang meminta ke daftar: waha-campaign suppress add NOMOR",
            since(as_of)
        ),
        Text::RestoreNoneBefore { as_of } => format!(
            "Tadinya tidak ada database di sini: siapa yang minta berhenti {}, dan apa yang dibatalkan, dijeda atau dibuat, tidak dapat diketahui. \
             Periksa percakapan, dan masukkan yang meminta ke daftar: waha-campaign suppress add NOMOR",
            since(as_of)
        ),
        Text::RestoreNext { command } => format!(
            "Yang belum tuntas di dalamnya mungkin sudah terkirim sejak cadangan dibuat. Semuanya dicari dahulu; sebelum itu tidak seorang pun dikirimi.\n\
             untuk melanjutkan:           {command}"
        ),
        Text::PruneNone { days } => format!(
            "tidak ada yang perlu dibersihkan: tidak ada kampanye tuntas yang tidak berubah selama {days} hari"
        ),
        Text::PruneCampaign { name, deliveries, last_change } => {
            format!("{name:24} {deliveries} kiriman, tidak berubah sejak {last_change}")
        }
        Text::PruneDry { campaigns, deliveries } => format!(
            "data {deliveries} orang akan dihapus dari {campaigns} kampanye; belum ada yang diubah"
        ),
        Text::PruneConfirm { campaigns, deliveries } => format!(
            "Hapus data {deliveries} orang dari {campaigns} kampanye untuk selamanya? Laporannya tidak dapat dibuat lagi. Ketik ya: "
        ),
        Text::PruneNeedsYes => {
            "data orang dihapus untuk selamanya: periksa dengan --dry-run, lalu tambahkan --yes".into()
        }
        Text::PruneKept => "tidak disetujui; tidak ada yang diubah".into(),
        Text::Pruning { deliveries } => format!("dihapus: {deliveries}"),
        Text::Pruned { campaigns, deliveries, freed } => {
            let freed = match freed {
                Some(bytes) => format!("{} dikosongkan", size(*bytes)),
                None => "disk terlalu penuh untuk mengecilkan file, ruangnya dipakai untuk data berikutnya".into(),
            };
            format!("data {deliveries} orang dihapus dari {campaigns} kampanye; {freed}")
        }
        Text::PruneCopies => {
            "cadangan, laporan, dan file tolakan yang dibuat sebelumnya masih memuatnya: urus sendiri file-file itu".into()
        }
        Text::MigrateToFile => {
            "--to menyebut database di server PostgreSQL: postgres://user@host/nama".into()
        }
        Text::MigrateFromServer { place } => {
            format!("{place} sudah ada di server: sebutkan file yang akan dipindahkan dengan --db")
        }
        Text::Migrating { rows } => format!("disalin: {rows} baris"),
        Text::Migrated { to, campaigns, deliveries, had_arrived } => match had_arrived {
            false => format!("{to} kini memuat semuanya: {campaigns} kampanye, {deliveries} kiriman"),
            true => format!("semuanya sudah sampai di {to} sebelumnya: isinya {campaigns} kampanye, {deliveries} kiriman"),
        },
        Text::MigrateNext { path, to } => format!(
            "Mulai sekarang sebutkan yang itu: --db, WAHA_CAMPAIGN_DB, atau db di waha-campaign.toml = {to}\n\
             {path} tetap ada dan dapat dibaca seperti sebelumnya, tetapi tidak lagi dipakai mengirim dan tidak diubah"
        ),
        Text::MigrateUnknown { why } => format!(
            "belum diketahui apakah semuanya sudah sampai ({why}). Sebelum itu diketahui, tidak ada yang dapat mengirim dari kedua database: \
             jalankan perintah yang sama sekali lagi"
        ),
        Text::WasPruned { name, when } => format!(
            "data orang di kampanye {name:?} sudah dihapus pada {when}: yang tersisa hanya jumlahnya (waha-campaign status {}); \
             untuk mengirim lagi, pakai nama lain",
            crate::summary::quoted(name)
        ),
        Text::Check { mark, check, message, remedy } => {
            let remedy = remedy.as_ref().map(|remedy| format!("; {remedy}")).unwrap_or_default();
            format!("{:8} {:12} {message}{remedy}", doctor::mark(*mark), doctor::check(check))
        }
        Text::SumPruned { when } => format!("  data orangnya dihapus pada {when}; jumlahnya tetap ada"),
    }
}

/// What is wrong with the database's file, and what to do about it.
fn database_trouble(kind: TroubleKind, path: &str, detail: &str) -> String {
    match kind {
        TroubleKind::Locked => format!(
            "program lain mengunci {path}: tutup program itu (penjelajah database, alat cadangan), lalu coba lagi. Tidak ada yang diubah"
        ),
        TroubleKind::ReadOnly => format!(
            "{path} tidak dapat ditulis oleh pengguna ini: beri pengguna ini hak atas file dan foldernya, atau pilih yang lain dengan --db ({detail})"
        ),
        TroubleKind::Full => format!(
            "disk penuh, {path} tidak dapat bertambah: kosongkan ruang, lalu coba lagi. Yang sudah tersimpan tidak hilang ({detail})"
        ),
        TroubleKind::Disk => format!(
            "disk tidak menerima {path}: periksa ruang kosong, kuota, dan kondisi disknya, lalu coba lagi. \
             Yang sudah tersimpan tidak hilang ({detail})"
        ),
        TroubleKind::Damaged => format!(
            "{path} rusak: kembalikan cadangan dengan waha-campaign restore FILE --replace, yang menyimpan database rusak itu \
             di sampingnya; waha-campaign doctor --thorough menunjukkan lebih banyak ({detail})"
        ),
        TroubleKind::NotADatabase => format!(
            "{path} bukan database: pilih file lain, atau kembalikan cadangan dengan waha-campaign restore FILE --replace"
        ),
        TroubleKind::CannotOpen => {
            format!("{path} tidak dapat dibuka: periksa lokasi dan hak aksesnya ({detail})")
        }
        TroubleKind::Lost => format!(
            "{path} hilang atau kosong, padahal menurut {path}.seen pesan sudah dikirim dari sana. Tidak ada yang dikirim: daftar yang dimasukkan \
             lagi akan sampai dua kali ke semua orang. Kembalikan cadangan dengan waha-campaign restore FILE --replace, atau kembalikan database itu ke tempatnya; \
             untuk mulai dari awal tanpa tahu siapa yang sudah dikirimi, hapus {path}.seen"
        ),
        _ => format!("database {path} gagal: {detail}"),
    }
}

/// With a comma for the decimals.
fn size(bytes: u64) -> String {
    super::size(bytes).replace('.', ",")
}

fn session_next(name: &str, status: &str) -> String {
    match status {
        "STOPPED" => format!("jalankan dengan waha-campaign session start {name}"),
        "SCAN_QR_CODE" => format!("tautkan dengan waha-campaign session qr {name}"),
        "FAILED" => format!(
            "coba waha-campaign session restart {name}; bila gagal lagi, tautannya dilepas di ponsel: \
             waha-campaign session logout {name}, lalu waha-campaign session qr {name}"
        ),
        "STARTING" => "tunggu beberapa detik dan lihat lagi".into(),
        "PASSKEY_REQUIRED" | "PASSKEY_CONFIRMATION_REQUIRED" => {
            "WhatsApp meminta kunci sandi: setujui di ponsel, atau periksa sesinya di WAHA".into()
        }
        "WORKING" => "dapat mengirim".into(),
        _ => "periksa sesinya di WAHA".into(),
    }
}

fn session_loss(name: &str, account: Option<&str>, loss: Loss) -> String {
    let pairing = match account {
        Some(account) => format!("tautannya dengan {account}"),
        None => "tautannya".to_owned(),
    };
    match loss {
        Loss::Logout => format!(
            "Mengeluarkan {name} mengakhiri {pairing}: tidak ada yang dapat dikirim sampai sebuah ponsel menautkannya lagi."
        ),
        Loss::Delete => format!(
            "Menghapus {name} mengakhiri {pairing} serta membuang pengaturan dan simpanan pesannya untuk selamanya."
        ),
    }
}

fn account_name(account: &Option<String>, push_name: &Option<String>) -> String {
    match (account, push_name) {
        (Some(account), Some(name)) => format!("{account} ({name})"),
        (Some(account), None) => account.clone(),
        (None, _) => "tanpa akun".to_owned(),
    }
}

fn wait(waits: &WaitText) -> String {
    let until = |until: &Option<String>| {
        until
            .as_ref()
            .map(|until| format!(" sampai {until}"))
            .unwrap_or_default()
    };
    match waits {
        WaitText::Hours { until: None } => "jam kirimnya tidak pernah buka lagi".into(),
        WaitText::Hours { until: moment } => format!("menunggu jam kirim{}", until(moment)),
        WaitText::DailyCap { until: moment } => {
            format!("batas hari ini tercapai, menunggu{}", until(moment))
        }
        WaitText::WarmUp { until: moment } => {
            format!("nomornya masih dihangatkan, menunggu{}", until(moment))
        }
        WaitText::Rest { until: moment } => format!("istirahat{}", until(moment)),
        WaitText::Window { until: moment } => format!("batas tercapai, menunggu{}", until(moment)),
        WaitText::Shared {
            scope,
            until: moment,
        } => {
            let whose = match scope {
                Scope::Installation => "seluruh instalasi".to_owned(),
                Scope::Server(name) => format!("server {name}"),
                Scope::Tenant(name) => name.to_string(),
                Scope::Campaign(_) => "kampanye ini".to_owned(),
            };
            format!("batas {whose} tercapai, menunggu{}", until(moment))
        }
        WaitText::Trouble {
            trouble,
            since,
            until: moment,
        } => {
            let trouble = match trouble.as_str() {
                "unreachable" => "server tidak dapat dihubungi",
                "session_not_ready" => "sesi tidak WORKING",
                "unauthorized" => "server menolak kuncinya",
                "rate_limited" => "server meminta untuk menunggu",
                "restricted" => {
                    "WhatsApp membatasi pesan kepada orang yang belum pernah menulis (463)"
                }
                "new_chats_used_up" => "jatah obrolan baru dari WhatsApp sudah habis",
                "repeated_failures" => {
                    "terlalu banyak pesan gagal, satu pesan mencoba lagi setelah jeda"
                }
                "suspected_dead" => {
                    "WhatsApp tidak menjawab apa pun walau sesi WORKING: periksa ponselnya, mulai ulang sesinya \
                     (waha-campaign session restart), atau resume bila sudah baik"
                }
                "other_account" => "sesi ini sekarang milik nomor lain",
                "clock_jumped" => "jam komputer diubah; resume menyatakannya benar",
                other => other,
            };
            let since = since.as_ref().map(|since| format!(" (sejak {since})"));
            format!(
                "{trouble}{}, menunggu{}",
                since.unwrap_or_default(),
                until(moment)
            )
        }
        WaitText::Session { status: None } => "memeriksa sesi".into(),
        WaitText::Session {
            status: Some(status),
        } => format!("menunggu sesi, yang berstatus {status}"),
        WaitText::Operator => "menunggu Anda: resume atau cancel".into(),
        WaitText::HiddenOptOut => {
            "seseorang dengan nomor tersembunyi minta berhenti; sedang dicari siapa".into()
        }
    }
}

fn share(share: Share) -> String {
    let priority = match share.priority {
        Priority::Low => "rendah",
        Priority::Normal => "biasa",
        Priority::High => "tinggi",
    };
    format!("prioritas {priority}, bobot {}", share.weight)
}

/// After which moment something is not known.
fn since(as_of: &Option<String>) -> String {
    let moment = as_of.as_ref().map(|moment| format!("setelah {moment}"));
    moment.unwrap_or_else(|| "setelah cadangan dibuat".into())
}

fn campaign_state(state: CampaignState) -> &'static str {
    match state {
        CampaignState::Draft => "konsep",
        CampaignState::Importing => "sedang diimpor (belum dimulai)",
        CampaignState::Frozen => "siap (belum dimulai)",
        CampaignState::Scheduled => "terjadwal",
        CampaignState::Running => "berjalan",
        CampaignState::Paused => "dijeda",
        CampaignState::Completed => "selesai dikirim",
        CampaignState::Settled => "tuntas",
        CampaignState::Cancelled => "dibatalkan",
    }
}

pub(super) fn state_name(state: State) -> &'static str {
    match state {
        State::Scheduled => "terjadwal",
        State::Sending => "dikirim",
        State::Accepted => "diterima WAHA",
        State::Sent => "terkirim",
        State::Delivered => "sampai",
        State::Read => "dibaca",
        State::Played => "diputar",
        State::Unconfirmed => "belum pasti",
        State::Failed => "gagal",
        State::Skipped => "dilewati",
        State::Cancelled => "dibatalkan",
    }
}

/// What is wrong with a row, and what to do about it.
pub(super) fn fault(fault: &Fault) -> (String, String) {
    (causes::fault(fault), causes::remedy(fault))
}

/// Why a delivery stands where it stands.
pub(super) fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Suppressed => "ada di daftar larangan kirim",
        Reason::NoConsent => "belum memberi izin",
        Reason::NotOnWhatsapp => "tidak ada di WhatsApp",
        Reason::FrequencyCapped => "sudah menerima sebanyak yang diperbolehkan",
        Reason::Repeated => "sudah menerima teks yang sama dalam 7 hari",
        Reason::Expired => "terlambat, masa kampanye sudah habis",
        Reason::MissingVariable => "ada nilai yang kosong di barisnya",
        Reason::OnWhatsapp => "ada di WhatsApp",
        Reason::NotKnown => "WhatsApp tidak menjawab",
        Reason::Exhausted => "tidak pernah diserahkan, semua percobaan habis",
        Reason::Refused => "ditolak WAHA",
        Reason::RefusedByWhatsapp => "ditolak WhatsApp",
        Reason::GivenUp => "Anda relakan",
        Reason::NoAnswer => "tidak ada jawaban",
        Reason::ServerError => "server gagal dan tidak menyebut apakah pesan terkirim",
        Reason::OwnerDied => "proses pengirim mati",
        Reason::Restored => "database dipulihkan dari salinan",
        Reason::Restricted => "akun dibatasi WhatsApp (463)",
        Reason::Silent => "tidak ada tanda terima",
        Reason::ByOperator => "menurut Anda",
        Reason::EarlierArrived => "pesan yang lebih dahulu sudah sampai",
    }
}

/// What to do about it; empty when there is nothing to do.
pub(super) fn remedy(reason: Reason) -> &'static str {
    match reason {
        Reason::Exhausted => "periksa server, lalu retry",
        Reason::Refused => "baca keterangan server, perbaiki penyebabnya, lalu retry",
        Reason::RefusedByWhatsapp => "pastikan nomornya ada di WhatsApp dan tidak memblokir Anda",
        Reason::MissingVariable => "isi nilainya dan kirim dalam kampanye lain",
        Reason::NoAnswer
        | Reason::ServerError
        | Reason::OwnerDied
        | Reason::Restored
        | Reason::Restricted => {
            "lihat percakapannya di ponsel, lalu: unconfirmed confirm, resend atau give-up"
        }
        Reason::Silent => "periksa apakah ponsel sesi ini tersambung ke internet",
        Reason::NotOnWhatsapp => "minta nomor lain",
        Reason::NoConsent => "minta izin",
        Reason::Suppressed => "biarkan, kecuali orangnya sendiri minta dikirimi lagi",
        Reason::FrequencyCapped => "tunggu dulu, lalu kirim dalam kampanye lain",
        Reason::Repeated => "tidak perlu apa-apa: orangnya sudah menerima teks itu",
        Reason::Expired => "kirim dalam kampanye lain dengan waktu yang lebih panjang",
        Reason::NotKnown => "periksa lagi nanti",
        Reason::OnWhatsapp | Reason::GivenUp | Reason::ByOperator | Reason::EarlierArrived => "",
    }
}

fn pause(gap: Gap) -> String {
    match gap.min == gap.max {
        true => length(gap.min),
        false => format!("{} sampai {}", length(gap.min), length(gap.max)),
    }
}

/// `2 jam 05 menit`, `1 menit 30 detik`, `2,5 detik`.
fn length(length: Duration) -> String {
    let seconds = length.as_secs_f64().round() as u64;
    match seconds {
        0..10 if length.subsec_millis() > 0 => {
            format!("{:.1} detik", length.as_secs_f64()).replace('.', ",")
        }
        0..60 => format!("{seconds} detik"),
        60..3_600 => match seconds % 60 {
            0 => format!("{} menit", seconds / 60),
            rest => format!("{} menit {rest} detik", seconds / 60),
        },
        3_600..172_800 => match seconds % 3_600 / 60 {
            0 => format!("{} jam", seconds / 3_600),
            rest => format!("{} jam {rest:02} menit", seconds / 3_600),
        },
        _ => format!("{} hari {} jam", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_read_naturally() {
        for (seconds, words) in [
            (2.5, "2,5 detik"),
            (12.0, "12 detik"),
            (60.0, "1 menit"),
            (93.0, "1 menit 33 detik"),
            (7_500.0, "2 jam 05 menit"),
            (200_000.0, "2 hari 7 jam"),
        ] {
            assert_eq!(length(Duration::from_secs_f64(seconds)), words);
        }
    }
}
