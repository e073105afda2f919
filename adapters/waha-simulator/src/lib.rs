//! A WAHA server without WhatsApp.
