//! What a row aims at: an app of the arena through a place, and the requests
//! for it.

use crate::http2::frame::{headers, long_headers};
use crate::http2::hpack::block;
use crate::place::Place;

/// What the app behind the callee's door speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum App {
    Http1,
    Http2,
}

impl App {
    /// Both of them.
    pub const ALL: &'static [Self] = &[Self::Http1, Self::Http2];

    /// Its port of `orders`.
    pub const fn port(self) -> u16 {
        match self {
            Self::Http1 => 8080,
            Self::Http2 => 8082,
        }
    }
}

/// Fields as rows write them.
type Pairs<'a> = &'a [(&'a str, &'a str)];

/// An app through a place.
#[derive(Clone, Copy, Debug)]
pub struct Aim {
    pub app: App,
    pub place: Place,
}

impl Aim {
    pub const fn authority(self) -> &'static str {
        match self.app {
            App::Http1 => "orders:8080",
            App::Http2 => "orders:8082",
        }
    }

    /// The gateway tells the apps apart by it.
    pub const fn path(self) -> &'static str {
        match self.app {
            App::Http1 => "/v1/a",
            App::Http2 => "/h2/a",
        }
    }

    pub const fn scheme(self) -> &'static str {
        match self.place {
            Place::Inbound | Place::Edge => "https",
            Place::Outbound | Place::Proxy => "http",
        }
    }

    /// The four pseudo-fields of a request.
    pub fn pseudo(self, method: &'static str) -> Vec<(&'static str, &'static str)> {
        let (scheme, authority) = (self.scheme(), self.authority());
        let four = [(":method", method), (":scheme", scheme), (":path", self.path())];
        [&four[..], &[(":authority", authority)]].concat()
    }

    /// The block of a request with further fields.
    pub fn block(self, method: &'static str, fields: Pairs) -> Vec<u8> {
        [block(&self.pseudo(method)), block(fields)].concat()
    }

    /// HEADERS of a GET that ends with them.
    pub fn get(self, stream: u32, fields: Pairs) -> Vec<u8> {
        headers(stream, &self.block("GET", fields), true)
    }

    /// HEADERS of a POST whose body comes in `rest`.
    pub fn post(self, stream: u32, fields: Pairs, rest: &[u8]) -> Vec<u8> {
        [headers(stream, &self.block("POST", fields), false), rest.to_vec()].concat()
    }

    /// A GET with one pseudo-field that is another, or is not there.
    pub fn with_pseudo(self, name: &str, value: Option<&str>) -> Vec<u8> {
        let own = self.pseudo("GET");
        let kept = own.iter().filter(|(own, _)| value.is_some() || *own != name);
        let all: Vec<_> =
            kept.map(|(own, old)| (*own, value.filter(|_| *own == name).unwrap_or(old))).collect();
        long_headers(1, &block(&all), true)
    }

    /// A GET for the app of the calm guests.
    pub(crate) fn to_calm(self, stream: u32) -> Vec<u8> {
        let fields = [
            (":method", "GET"),
            (":scheme", self.scheme()),
            (":path", "/calm"),
            (":authority", "calm:8081"),
        ];
        headers(stream, &block(&fields), true)
    }
}
