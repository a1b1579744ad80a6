//! What the peer wants of a connection (RFC 9113, section 6.5; RFC 8441,
//! section 3). It checks values; that windows change with them is the
//! machine's matter.

use super::error::ErrorCode;

/// `SETTINGS_HEADER_TABLE_SIZE`.
pub const HEADER_TABLE_SIZE: u16 = 1;
/// `SETTINGS_ENABLE_PUSH`.
pub const ENABLE_PUSH: u16 = 2;
/// `SETTINGS_MAX_CONCURRENT_STREAMS`.
pub const MAX_CONCURRENT_STREAMS: u16 = 3;
/// `SETTINGS_INITIAL_WINDOW_SIZE`.
pub const INITIAL_WINDOW_SIZE: u16 = 4;
/// `SETTINGS_MAX_FRAME_SIZE`.
pub const MAX_FRAME_SIZE: u16 = 5;
/// `SETTINGS_MAX_HEADER_LIST_SIZE`.
pub const MAX_HEADER_LIST_SIZE: u16 = 6;
/// `SETTINGS_ENABLE_CONNECT_PROTOCOL` (RFC 8441).
pub const ENABLE_CONNECT_PROTOCOL: u16 = 8;

/// No window is larger (RFC 9113, section 6.9.1).
pub const WINDOW_MAX: u32 = 0x7fff_ffff;
/// The frame sizes a peer may ask for.
const FRAME_SIZES: std::ops::RangeInclusive<u32> = 16_384..=16_777_215;

/// Why a setting is refused; the connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Neither 0 nor 1, or a server that wants to be pushed to.
    #[error("the peer's ENABLE_PUSH has a value it can't have")]
    Push,
    /// A window beyond 2^31-1.
    #[error("the peer's INITIAL_WINDOW_SIZE is too large")]
    Window,
    /// A frame size outside its range.
    #[error("the peer's MAX_FRAME_SIZE has a value it can't have")]
    FrameSize,
    /// Neither 0 nor 1, or taken back.
    #[error("the peer's ENABLE_CONNECT_PROTOCOL has a value it can't have")]
    ConnectProtocol,
}

impl SettingsError {
    /// The code the connection ends with.
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::Window => ErrorCode::FlowControlError,
            _ => ErrorCode::ProtocolError,
        }
    }
}

/// The settings of one peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    is_server: bool,
    /// How large our table for compressing may be; we keep none.
    pub header_table_size: u32,
    /// How many streams we may have open; `None`: it has not said.
    pub max_concurrent_streams: Option<u32>,
    /// The window each stream to it begins with.
    pub initial_window_size: u32,
    /// The largest payload it takes.
    pub max_frame_size: u32,
    /// The largest head it takes, counted as in RFC 9113, section 6.5.2.
    pub max_header_list_size: Option<u32>,
    /// Whether it takes an extended `CONNECT`.
    pub enable_connect_protocol: bool,
}

impl Settings {
    /// What holds until the peer has said anything.
    #[must_use]
    pub const fn of(is_server: bool) -> Self {
        Self {
            is_server,
            header_table_size: 4096,
            max_concurrent_streams: None,
            initial_window_size: 65_535,
            max_frame_size: 16_384,
            max_header_list_size: None,
            enable_connect_protocol: false,
        }
    }

    /// Takes one setting; unknown ones are passed over.
    ///
    /// # Errors
    /// When it has a value it can't have.
    pub fn take(&mut self, id: u16, value: u32) -> Result<(), SettingsError> {
        match id {
            HEADER_TABLE_SIZE => self.header_table_size = value,
            ENABLE_PUSH if value > 1 || (self.is_server && value == 1) => {
                return Err(SettingsError::Push);
            }
            MAX_CONCURRENT_STREAMS => self.max_concurrent_streams = Some(value),
            INITIAL_WINDOW_SIZE if value > WINDOW_MAX => return Err(SettingsError::Window),
            INITIAL_WINDOW_SIZE => self.initial_window_size = value,
            MAX_FRAME_SIZE if !FRAME_SIZES.contains(&value) => {
                return Err(SettingsError::FrameSize);
            }
            MAX_FRAME_SIZE => self.max_frame_size = value,
            MAX_HEADER_LIST_SIZE => self.max_header_list_size = Some(value),
            ENABLE_CONNECT_PROTOCOL => {
                if value > 1 || (value == 0 && self.enable_connect_protocol) {
                    return Err(SettingsError::ConnectProtocol);
                }
                self.enable_connect_protocol = value == 1;
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_at_the_edge_pass_and_those_beyond_are_refused() {
        for (id, good, bad, error) in [
            (ENABLE_PUSH, 1, 2, SettingsError::Push),
            (INITIAL_WINDOW_SIZE, WINDOW_MAX, WINDOW_MAX + 1, SettingsError::Window),
            (MAX_FRAME_SIZE, 16_384, 16_383, SettingsError::FrameSize),
            (MAX_FRAME_SIZE, 16_777_215, 16_777_216, SettingsError::FrameSize),
            (ENABLE_CONNECT_PROTOCOL, 1, 2, SettingsError::ConnectProtocol),
        ] {
            let mut settings = Settings::of(false);
            assert_eq!(settings.take(id, good), Ok(()), "{id}");
            assert_eq!(settings.take(id, bad), Err(error), "{id}");
        }
        assert_eq!(SettingsError::Window.code(), ErrorCode::FlowControlError);
        assert_eq!(SettingsError::FrameSize.code(), ErrorCode::ProtocolError);
    }

    #[test]
    fn a_server_never_asks_to_be_pushed_to() {
        assert_eq!(Settings::of(true).take(ENABLE_PUSH, 0), Ok(()));
        assert_eq!(Settings::of(true).take(ENABLE_PUSH, 1), Err(SettingsError::Push));
    }

    #[test]
    fn extended_connect_is_not_taken_back() {
        let mut settings = Settings::of(true);
        assert_eq!(settings.take(ENABLE_CONNECT_PROTOCOL, 0), Ok(()));
        assert_eq!(settings.take(ENABLE_CONNECT_PROTOCOL, 1), Ok(()));
        let again = settings.take(ENABLE_CONNECT_PROTOCOL, 0);
        assert_eq!(again, Err(SettingsError::ConnectProtocol));
    }

    #[test]
    fn what_is_said_is_kept_and_the_unknown_passed_over() {
        let mut settings = Settings::of(true);
        for (id, value) in [(1, 0), (3, 7), (4, 0), (5, 20_000), (6, 9), (7, 1), (0xffff, 5)] {
            assert_eq!(settings.take(id, value), Ok(()), "{id}");
        }
        let wanted = Settings {
            header_table_size: 0,
            max_concurrent_streams: Some(7),
            initial_window_size: 0,
            max_frame_size: 20_000,
            max_header_list_size: Some(9),
            ..Settings::of(true)
        };
        assert_eq!(settings, wanted);
    }
}
