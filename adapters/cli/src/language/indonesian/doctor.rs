//! What `doctor` finds, in Bahasa Indonesia.

use std::time::Duration;

use campaign_core::message::MessageKind;

use super::{say, size};
use crate::language::finding::{Evidence, Finding, Ids, Mark};

pub(super) fn mark(mark: Mark) -> &'static str {
    match mark {
        Mark::Fine => "baik",
        Mark::Warning => "awas",
        Mark::Problem => "masalah",
    }
}

pub(super) fn check(check: &str) -> &str {
    match check {
        "access" => "akses",
        "key" => "kunci",
        "clock" => "jam",
        "connections" => "koneksi",
        "session" => "sesi",
        "restriction" => "pembatasan",
        "new chats" => "obrolan baru",
        "hold" => "tertahan",
        "messages" => "pesan",
        "events" => "kejadian",
        "phone" => "ponsel",
        "schema" => "skema",
        "durability" => "ketahanan",
        "integrity" => "keutuhan",
        "runner" => "pengirim",
        "doubts" => "kepastian",
        other => other,
    }
}

/// What was found, and the remedy where there is one.
pub(in crate::language) fn finding(finding: &Finding) -> (String, Option<String>) {
    let fine = |what: String| (what, None);
    let with = |what: String, remedy: &str| (what, Some(remedy.to_owned()));
    match finding {
        Finding::ServerAnswers { url, version, engine } => {
            fine(format!("{url} menjawab: WAHA {version}, {engine}"))
        }
        Finding::ServerFails { why } | Finding::SessionFails { why } | Finding::DatabaseFails { why } => fine(say(why)),
        Finding::AccessClosed => fine("yang tidak punya kunci ditolak".into()),
        Finding::AccessOpen { url } => with(
            format!("{url} menjawab tanpa kunci: siapa pun yang menjangkaunya dapat mengirim atas nama Anda"),
            "isi WAHA_API_KEY di server, atau tutup port-nya",
        ),
        Finding::AccessByProxy { url } => with(
            format!("{url} tidak meminta kunci: siapa pun yang punya kata sandi proxy, atau lewat di luar proxy, dapat mengirim atas nama Anda"),
            "isi WAHA_API_KEY di server",
        ),
        Finding::AccessUnknown { why } => with(
            format!("tidak terlihat apakah server menjawab tanpa kunci: {why}"),
            "periksa lagi setelah server, atau proxy di depannya, beres",
        ),
        Finding::KeyOwn => fine("server menolak kunci-kunci contoh dari dokumentasi WAHA".into()),
        Finding::KeyPublic => with(
            "server menerima kunci contoh dari dokumentasi WAHA".into(),
            "beri kunci sendiri: openssl rand -hex 32",
        ),
        Finding::KeyShort => with(
            "kuncinya cukup pendek untuk ditebak".into(),
            "pakai yang lebih panjang: openssl rand -hex 32",
        ),
        Finding::KeyUnknown { why } => with(
            format!("tidak terlihat apakah server menerima kunci contoh dari dokumentasi WAHA: {why}"),
            "periksa lagi setelah server, atau proxy di depannya, beres",
        ),
        Finding::ClockInStep { apart } => fine(format!("jam server dan jam di sini sama (selisih {})", length(*apart))),
        Finding::ClockApart { apart, server_is_ahead } => {
            let ahead = if *server_is_ahead { "lebih cepat" } else { "lebih lambat" };
            with(
                format!("jam server {} {ahead} daripada jam di sini", length(*apart)),
                "biarkan keduanya mengikuti server waktu (timedatectl set-ntp true): jam kirim, batas waktu, dan pencarian bergantung padanya",
            )
        }
        Finding::ClockUnknown => fine("server tidak menyebutkan waktunya".into()),
        Finding::IdleCloses { after } => fine(format!("koneksi diam ditutup setelah {}; koneksi kita ditutup sebelum itu", length(*after))),
        Finding::IdleShort { after } => with(
            format!("koneksi diam ditutup setelah {}, sebelum kita menutupnya: pengiriman akan gagal dan diulang", length(*after)),
            "naikkan batas diam pada proxy di depan server menjadi 10 detik",
        ),
        Finding::IdleStays { at_least } => fine(format!("koneksi diam tetap terbuka sedikitnya {}", length(*at_least))),
        Finding::IdleNotKept => fine("setiap koneksi ditutup setelah menjawab, jadi tidak ada koneksi diam".into()),
        Finding::IdleUnknown { why } => fine(format!("lamanya koneksi diam tetap terbuka tidak diukur: {why}")),
        Finding::SessionWorks { name, account } => {
            let account = account.as_ref().map(|number| format!(", {number}")).unwrap_or_default();
            fine(format!("{name} WORKING{account}"))
        }
        Finding::Restricted { until } => {
            let until = until.as_ref().map(|until| format!(" sampai {until}")).unwrap_or_default();
            with(
                format!("WhatsApp hanya mengizinkan akun ini menulis kepada orang yang pernah menulis kepadanya{until} (463)"),
                "tunggu sampai selesai: balasan tetap jalan, dan setiap pesan kepada orang baru memperburuknya",
            )
        }
        Finding::NewChats { used, total, renews, .. } => {
            let renews = renews.as_ref().map(|renews| format!("; putaran berikutnya mulai {renews}")).unwrap_or_default();
            fine(format!("{used} dari {total} obrolan baru yang diizinkan WhatsApp sudah terpakai{renews}"))
        }
        Finding::Held(waits) => fine(super::wait(waits)),
        Finding::KeepsMessages => fine("sesi menyimpan pesannya: yang tidak terjawab dapat dicari".into()),
        Finding::KeepsNone { name } => with(
            format!("sesi {name} tidak menyimpan pesannya: yang tidak terjawab tidak dapat dicari"),
            "nyalakan penyimpanan pesan di WAHA (config.noweb.store.enabled), atau hapus sesinya dan buat lagi dengan session create",
        ),
        Finding::KeepsUnknown => with(
            "tidak terlihat apakah sesi menyimpan pesannya".into(),
            "periksa konfigurasinya di dasbor WAHA: penyimpanan pesan harus menyala",
        ),
        Finding::EventsArrive => fine("websocket tersambung: tanda terima datang seketika".into()),
        Finding::EventsRefused { why } => with(
            format!("server menolak websocket: {why}"),
            "beri kuncinya hak atas kejadian, dan biarkan proxy meneruskan parameter /ws",
        ),
        Finding::EventsAway { why } => with(
            format!("websocket tidak tersambung: {why}"),
            "biarkan proxy di depan server meneruskan upgrade pada /ws; sampai saat itu tanda terima dicari satu per satu",
        ),
        Finding::Phone => fine(
            "periksa sendiri: ponselnya online sedikitnya dua minggu sekali, dan WAHA ada di daftar perangkat tertautnya".into(),
        ),
        Finding::NoDatabase { path } => fine(format!("belum ada; start pertama membuat {path}")),
        Finding::DatabaseHolds { path, bytes, campaigns, deliveries } => fine(format!(
            "{path}: {campaigns} kampanye, {deliveries} kiriman, {}",
            size(*bytes)
        )),
        Finding::DatabaseMoved { path, to } => with(
            format!("{path} sudah dipindahkan ke {to}: tidak lagi dipakai mengirim"),
            "sebutkan database itu dengan --db, atau atur sekali saja",
        ),
        Finding::DatabaseOnServer { place, bytes, campaigns, deliveries } => fine(format!(
            "{place}: {campaigns} kampanye, {deliveries} kiriman, {}",
            size(*bytes)
        )),
        Finding::NoTables { place } => fine(format!("{place} masih kosong; start pertama membuat tabelnya")),
        Finding::DatabaseDamaged { path, findings } => with(
            format!("{path} rusak: {findings}"),
            "kembalikan cadangan dengan waha-campaign restore FILE --replace, yang menyimpan database rusak itu di sampingnya",
        ),
        Finding::SchemaIs { schema, is_newest: true } => fine(format!("versi {schema}, sesuai program ini")),
        Finding::SchemaIs { schema, is_newest: false } => {
            fine(format!("versi {schema}; perintah berikutnya memperbaruinya, setelah dibuatkan salinan"))
        }
        Finding::Durable { is_wal: true } => fine("setiap perubahan bertahan walau listrik padam (WAL, synchronous=FULL)".into()),
        Finding::Durable { is_wal: false } => {
            fine("setiap perubahan bertahan walau listrik padam (synchronous=FULL; WAL mulai perintah berikutnya)".into())
        }
        Finding::DurableOnServer => fine("setiap perubahan bertahan walau listrik padam, sejauh disk servernya bertahan".into()),
        Finding::ForgetfulServer => with(
            "servernya tidak menunggu disk: setelah listrik padam, seseorang mungkin menerima pesan dua kali".into(),
            "nyalakan fsync dan full_page_writes di postgresql.conf",
        ),
        Finding::DiskFree { bytes } => fine(format!("{} kosong", size(*bytes))),
        Finding::DiskLow { bytes } => with(
            format!("tinggal {} kosong di tempat database", size(*bytes)),
            "kosongkan ruang sebelum memulai apa pun",
        ),
        Finding::DiskUnknown => fine("ruang kosongnya tidak terlihat".into()),
        Finding::Whole => fine("semua halaman sudah dibaca dan tidak ada yang rusak".into()),
        Finding::PagesOnServer => fine("halaman hanya dapat dibaca di servernya (pg_amcheck); tidak ada yang dibaca dari sini".into()),
        Finding::Runner { holder: Some(holder) } => fine(format!("{holder} sedang mengirim")),
        Finding::Runner { holder: None } => fine("saat ini tidak ada yang mengirim".into()),
        Finding::Doubts(evidence) => doubts(evidence),
    }
}

fn doubts(evidence: &Evidence) -> (String, Option<String>) {
    let ids = match &evidence.ids {
        Ids::Proved(kinds) => {
            let kinds: Vec<&str> = kinds.iter().map(|it| kind(*it)).collect();
            format!("nomor pesan kita dipakai ({})", kinds.join(", "))
        }
        Ids::Unproved => {
            "pesan-pesan pertama akan menunjukkan apakah nomor pesan kita dipakai".into()
        }
        Ids::Ignored { platform } => format!("{platform} memberi nomor pesannya sendiri"),
    };
    if evidence.is_whole() {
        return (
            format!(
                "pesan yang jawabannya hilang dipastikan tanpa Anda: {ids}, sesi menyimpan pesannya, kejadian datang"
            ),
            None,
        );
    }
    let mut why = vec![ids];
    match evidence.keeps_messages {
        Some(true) => {}
        Some(false) => why.push("sesi tidak menyimpan pesannya".into()),
        None => why.push("belum diketahui apakah sesi menyimpan pesannya".into()),
    }
    if !evidence.events {
        why.push("kejadian tidak datang".into());
    }
    let what = format!(
        "pesan yang jawabannya hilang mungkin harus menunggu Anda: {}",
        why.join("; ")
    );
    let remedy = "bereskan yang disebut di atas; sampai saat itu: waha-campaign unconfirmed list";
    (what, Some(remedy.to_owned()))
}

fn kind(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Text => "teks",
        MessageKind::Image => "gambar",
        MessageKind::File => "file",
    }
}

fn length(time: Duration) -> String {
    super::length(time)
}
