//! What the engines can do, as data: one row per feature that not all of them have.
//!
//! The rows tell of servers since 2026.6.1, whose editions no longer differ. A row's source stands in its documentation and
//! beside it: what was recorded goes before WAHA's source code, and that before the tables of WAHA's documentation, whose
//! empty cells count as "no". Features that all engines have are left out.

use http::Method;

use crate::endpoint::Endpoint;
use crate::types::Engine;

/// Whether an engine has a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Support {
    /// It has.
    Yes,
    /// It has not: the server answers 501, or 422 with the same meaning.
    No,
    /// Not known, or an engine that this version of the client does not know.
    Unknown,
}

/// Declares the features together with the table.
macro_rules! features {
    ($(
        $(#[$meta:meta])*
        $name:ident: webjs $webjs:ident, wpp $wpp:ident, gows $gows:ident, noweb $noweb:ident;
        from $source:literal; at $($method:ident $template:literal),*;
    )*) => {
        /// What not every engine can do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Feature {
            $(
                $(#[$meta])*
                #[doc = concat!(
                    "\n\nWEBJS: ", stringify!($webjs), ", WPP: ", stringify!($wpp), ", GOWS: ", stringify!($gows),
                    ", NOWEB: ", stringify!($noweb), ". Source: ", $source, "."
                )]
                $name,
            )*
        }

        impl Feature {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            fn row(self) -> Row {
                match self {
                    $(Self::$name => Row {
                        webjs: Support::$webjs,
                        wpp: Support::$wpp,
                        gows: Support::$gows,
                        noweb: Support::$noweb,
                        source: $source,
                        endpoints: &[$((Method::$method, $template)),*],
                    },)*
                }
            }
        }
    };
}

struct Row {
    webjs: Support,
    wpp: Support,
    gows: Support,
    noweb: Support,
    source: &'static str,
    endpoints: &'static [(Method, &'static str)],
}

features! {
    /// Sending a list to choose from.
    SendList: webjs No, wpp No, gows Yes, noweb Yes;
        from "WAHA documentation, NOWEB recorded";
        at POST "/api/sendList";
    /// Sending a link with a preview of one's own.
    SendLinkPreview: webjs No, wpp No, gows Yes, noweb Yes;
        from "WAHA documentation";
        at POST "/api/send/link-custom-preview";
    /// Answering somebody's buttons.
    ReplyToButton: webjs Yes, wpp No, gows No, noweb No;
        from "WAHA documentation, GOWS also WAHA source, NOWEB recorded";
        at POST "/api/send/buttons/reply";
    /// Sending a video. Before 2026.6.1 the free edition answered 501 to it (recorded).
    SendVideo: webjs Yes, wpp Yes, gows Yes, noweb Yes;
        from "WAHA documentation";
        at POST "/api/sendVideo";
    /// Forwarding a message.
    ForwardMessage: webjs Yes, wpp Yes, gows No, noweb Yes;
        from "WAHA documentation, GOWS also WAHA source, NOWEB recorded";
        at POST "/api/forwardMessage";
    /// Starring a message.
    StarMessage: webjs Yes, wpp Yes, gows No, noweb Yes;
        from "WAHA documentation, NOWEB recorded";
        at PUT "/api/star";
    /// Voting in a poll.
    VoteInPoll: webjs Yes, wpp No, gows Yes, noweb No;
        from "WAHA documentation, NOWEB recorded";
        at POST "/api/sendPollVote";
    /// Sending an event: an invitation with a date.
    SendEvent: webjs No, wpp No, gows Yes, noweb No;
        from "WAHA documentation";
        at POST "/api/{session}/events";
    /// Messages by the deprecated query.
    MessagesByQuery: webjs Yes, wpp Yes, gows No, noweb Yes;
        from "WAHA documentation";
        at GET "/api/messages";
    /// Pinning and unpinning a message.
    PinMessage: webjs Yes, wpp No, gows No, noweb Yes;
        from "WAHA documentation, NOWEB recorded";
        at POST "/api/{session}/chats/{chatId}/messages/{messageId}/pin",
           POST "/api/{session}/chats/{chatId}/messages/{messageId}/unpin";
    /// Deleting all messages of a chat. WAHA's documentation leaves WPP out, whose source has it.
    ClearMessages: webjs Yes, wpp Yes, gows No, noweb No;
        from "WAHA documentation, WPP WAHA source, NOWEB recorded";
        at DELETE "/api/{session}/chats/{chatId}/messages";
    /// Deleting a chat.
    DeleteChat: webjs Yes, wpp Yes, gows No, noweb No;
        from "WAHA documentation, WPP also WAHA source";
        at DELETE "/api/{session}/chats/{chatId}";
    /// Archiving a chat and taking it back. NOWEB needs its store.
    ArchiveChat: webjs Yes, wpp Yes, gows No, noweb Yes;
        from "WAHA documentation, WPP also WAHA source, NOWEB recorded";
        at POST "/api/{session}/chats/{chatId}/archive",
           POST "/api/{session}/chats/{chatId}/unarchive";
    /// What people say about themselves.
    ContactAbout: webjs Yes, wpp Yes, gows No, noweb No;
        from "WAHA documentation, WPP also WAHA source, NOWEB recorded";
        at GET "/api/contacts/about";
    /// Blocking people and taking it back.
    BlockContact: webjs Yes, wpp Yes, gows No, noweb No;
        from "WAHA documentation, WPP also WAHA source, NOWEB recorded";
        at POST "/api/contacts/block", POST "/api/contacts/unblock";
    /// Changing how somebody is called.
    UpdateContact: webjs Yes, wpp No, gows Yes, noweb Yes;
        from "WAHA documentation";
        at PUT "/api/{session}/contacts/{chatId}";
    /// Deleting a group.
    DeleteGroup: webjs Yes, wpp Yes, gows No, noweb No;
        from "WAHA documentation and source";
        at DELETE "/api/{session}/groups/{id}";
    /// The presence of everybody that was subscribed to.
    AllPresences: webjs No, wpp Yes, gows Yes, noweb Yes;
        from "WAHA documentation and source";
        at GET "/api/{session}/presence";
    /// Deleting a status post. WAHA's documentation leaves WEBJS out, whose source has it.
    DeleteStatus: webjs Yes, wpp No, gows Yes, noweb Yes;
        from "WAHA source for all";
        at POST "/api/{session}/status/delete";
    /// An id for a status post to come.
    NewStatusId: webjs No, wpp No, gows Yes, noweb Yes;
        from "WAHA documentation";
        at GET "/api/{session}/status/new-message-id";
    /// A picture of the session's screen once it is paired; before, every engine shows the QR code.
    Screenshot: webjs Yes, wpp Yes, gows No, noweb No;
        from "WAHA specification, NOWEB recorded";
        at GET "/api/screenshot";
    /// Searching channels by how they are looked at.
    SearchChannelsByView: webjs Yes, wpp No, gows Yes, noweb Yes;
        from "WAHA documentation, WPP, GOWS and NOWEB also WAHA source";
        at POST "/api/{session}/channels/search/by-view";
    /// Creating a channel.
    CreateChannel: webjs No, wpp Yes, gows Yes, noweb Yes;
        from "WAHA documentation and source";
        at POST "/api/{session}/channels";
    /// Deleting a channel.
    DeleteChannel: webjs No, wpp Yes, gows No, noweb Yes;
        from "WAHA documentation, WEBJS, WPP and GOWS also WAHA source";
        at DELETE "/api/{session}/channels/{id}";
    /// Looking into chats, contacts and messages of a session as it is by default: NOWEB keeps none of it unless its
    /// store is on ([`SessionConfig::with_noweb_store`](crate::types::SessionConfig::with_noweb_store)).
    LookUpWithoutStore: webjs Yes, wpp Yes, gows Yes, noweb No;
        from "WAHA documentation, NOWEB recorded";
        at;
    /// Choosing the id of a message to be sent, which makes an unanswered send easy to find. Since 2026.4.3.
    ChosenMessageId: webjs Unknown, wpp Unknown, gows Yes, noweb Yes;
        from "WAHA documentation, GOWS also WAHA source, NOWEB recorded";
        at;
    /// Pairing with an account that has a passkey. Since 2026.7.1.
    PasskeyPairing: webjs Unknown, wpp Unknown, gows Yes, noweb Unknown;
        from "WAHA documentation and source";
        at GET "/api/{session}/auth/passkey/challenge", POST "/api/{session}/auth/passkey",
           GET "/api/{session}/auth/passkey/confirmation", POST "/api/{session}/auth/passkey/confirm";
}

impl Feature {
    /// Whether `engine` has it.
    pub fn supported_by(self, engine: &Engine) -> Support {
        let row = self.row();
        match engine {
            Engine::Webjs => row.webjs,
            Engine::Wpp => row.wpp,
            Engine::Gows => row.gows,
            Engine::Noweb => row.noweb,
            Engine::Unknown(_) => Support::Unknown,
        }
    }

    /// Where its row comes from, in words.
    pub fn source(self) -> &'static str {
        self.row().source
    }

    /// The feature that an endpoint needs, by its method and its path as WAHA's specification has it. `None` for what every
    /// engine has. Names in braces match whatever stands in their place, so that a request's own path does, too.
    ///
    /// ```
    /// use waha_client::Feature;
    ///
    /// let path = "/api/sales/chats/6281234567890@c.us/archive";
    /// assert_eq!(Feature::needed_by("POST", path), Some(Feature::ArchiveChat));
    /// assert_eq!(Feature::needed_by("POST", "/api/sendText"), None);
    /// ```
    pub fn needed_by(method: &str, path: &str) -> Option<Self> {
        let needs = |feature: &Self| {
            let mut endpoints = feature.row().endpoints.iter();
            endpoints.any(|(needed, template)| *needed == method && fits(template, path))
        };
        Self::ALL.iter().copied().find(needs)
    }
}

impl Engine {
    /// Whether the engine has a feature; [`Support::Unknown`] for an engine that this version of the client does not know.
    ///
    /// ```
    /// use waha_client::types::Engine;
    /// use waha_client::{Feature, Support};
    ///
    /// assert_eq!(Engine::Gows.supports(Feature::SendList), Support::Yes);
    /// assert_eq!(Engine::Webjs.supports(Feature::SendList), Support::No);
    /// assert_eq!(Engine::from("NEXT").supports(Feature::SendList), Support::Unknown);
    /// ```
    pub fn supports(&self, feature: Feature) -> Support {
        feature.supported_by(self)
    }
}

impl<T> Endpoint<T> {
    /// The feature that an engine must have for this; `None` for what every engine has.
    pub fn feature(&self) -> Option<Feature> {
        Feature::needed_by(self.method()?, self.template()?)
    }
}

fn fits(template: &str, path: &str) -> bool {
    let mut wanted = template.split('/');
    let mut given = path.split('/');
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(one), Some(other)) if one.starts_with('{') || one == other => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_is_found_by_its_endpoints_and_no_other_is() {
        for feature in Feature::ALL {
            for (method, template) in feature.row().endpoints {
                let found = Feature::needed_by(method.as_str(), template);
                assert_eq!(found, Some(*feature), "{method} {template}");
                assert_eq!(Feature::needed_by("PATCH", template), None);
                let longer = format!("{template}/more");
                assert_ne!(Feature::needed_by(method.as_str(), &longer), Some(*feature));
            }
            assert!(!feature.source().is_empty());
        }
    }

    #[test]
    fn every_known_engine_answers_for_something_and_an_unknown_one_for_nothing() {
        for engine in [Engine::Webjs, Engine::Wpp, Engine::Gows, Engine::Noweb] {
            let has = |wanted| Feature::ALL.iter().any(|f| engine.supports(*f) == wanted);
            assert!(has(Support::Yes) && has(Support::No), "{engine}");
        }
        let unknown = Engine::from("VENOM");
        for feature in Feature::ALL {
            assert_eq!(unknown.supports(*feature), Support::Unknown);
        }
    }
}
