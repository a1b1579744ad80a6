//! The words every other crate speaks: names, identities, time and dice as
//! traits, limits, blame, secrets.
//!
//! It deliberately does no input or output, keeps no clock, and knows neither
//! serde nor async nor logging.

mod blame;
mod dice;
mod generation;
mod id;
mod limit;
mod name;
mod principal;
mod secret;
mod spiffe;
mod time;

pub use blame::{Blame, Retry};
pub use dice::{Dice, SeededDice};
pub use generation::Generation;
pub use id::{DecisionId, ParseDecisionIdError};
pub use limit::Limits;
pub use name::{Label, ParseNameError, ServiceName, TrustDomain};
pub use principal::Principal;
pub use secret::Secret;
pub use spiffe::{ParseSpiffeIdError, SpiffeId};
pub use time::{Clock, ManualClock, Millis, Timestamp};
