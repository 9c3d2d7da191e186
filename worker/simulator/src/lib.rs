//! A stand-in for OpenAI-compatible providers, as strict as they are.
//!
//! It serves tests (as a library), `make demo` and `make run` (as `broadside-simulator`), and benchmarks. It speaks HTTP
//! on a real socket, so a client that works with it has been through connections, headers, limits and bodies that break.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use simulator::{Fault, Simulator, SimulatorConfig};
//!
//! let sim = Simulator::start(SimulatorConfig::default())?;
//! sim.admin().fault(Fault::chat().status(429).code("rate_limit_exceeded").retry_after(1).times(1));
//! // ... point a client at sim.url() ...
//! assert!(sim.bill().total_nanos > 0);
//! sim.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # What it serves
//!
//! | path | what |
//! |---|---|
//! | `POST /v1/chat/completions` | text, or JSON that follows a `json_schema`; images of models that draw through chat |
//! | `POST /v1/images/generations` | base64 for `gpt-image` models, links (or base64) for the others |
//! | `POST /v1/images/edits` | the same from pictures of products, by multipart form |
//! | `POST /v1/moderations` | the categories of omni-moderation |
//! | `POST`, `GET /v1/files`, `GET`, `DELETE /v1/files/{id}`, `GET /v1/files/{id}/content` | files for batches, by multipart form |
//! | `POST`, `GET /v1/batches`, `GET /v1/batches/{id}`, `POST /v1/batches/{id}/cancel` | batches of chats, at the price of batches |
//! | `GET /v1/models`, `/v1/models/{id}` | the price list's models, with `shutdown_date` |
//! | `GET /_sim/bill?since=N&limit=M` | the billing log from line N on ([`Bill`]) |
//! | `POST /_sim/scenario` | adds faults (below); `GET` lists what is left, `DELETE` drops it |
//! | `POST /_sim/reset` | forgets faults, bill, limits and files; latencies are again as configured |
//! | `POST /_sim/hold`, `/_sim/release` | keeps answers back, lets them go |
//! | `GET /_sim/traffic` | calls in flight, now and at most |
//! | `GET /_sim/health` | that it runs |
//!
//! Not simulated: `stream: true` (refused by name), audio, tools, pictures behind addresses, batches of anything but chats.
//!
//! # What it is strict about
//!
//! Keys (401), models (404), every top-level field (unknown ones are refused), types and ranges, `max_tokens` where only
//! `max_completion_tokens` is taken, sizes and qualities by model, strict schemas, context length, body size. Error
//! objects have the shape, `code` and `param` that providers send. Limits are sliding windows over requests, tokens and
//! images, for each pool of keys, with `x-ratelimit-*` headers and `Retry-After`.
//!
//! # What it answers
//!
//! Text is put together from phrases in English, German, French, Spanish, Italian, Portuguese or Dutch, and uses the
//! labelled lines of the user message (`Brand:`, `Topic:`, `Tone:`, `Brief:`, `Audience:`, `Platform:`, `Language:`).
//! Schemas named `seo_content`, `content_plan`, `marketing_plan` and `email_subject`, or much like these, get a document of
//! that kind (`Keywords:`, `Words:`, `Days:`, `Channels:`, `Slot 3:`, `Budget:`, `Weeks:`, `Words to use:`, …), its parts
//! under the names that the schema gives them; a message with a `Prompt:`, or without any label, gets the text it asks for.
//! Images are PNGs (JPEG and WebP on request): for a post a scene in the brand's colours with brand and topic written on
//! it; for a prompt that begins with a logo, banner, poster or social card a design in one of six styles, in the colours it
//! names and with the words it puts in quotation marks; for pictures of products a scene around them. All depend on the
//! request alone: the same request gets the same answer, and prompts that differ in the number of a variation get designs
//! that differ at a glance.
//!
//! # The bill
//!
//! Every call to a provider endpoint is a line, refused ones with cost 0. A call that produced content is charged when its
//! answer is decided, so also if the client hangs up or the transfer breaks. Amounts are nano-dollars by
//! `config/prices.toml`, computed here and nowhere else, so that a ledger can be compared with them.
//!
//! # Scenarios
//!
//! A scenario is a list of faults, in TOML (`--scenario`) or JSON (`POST /_sim/scenario`). Of several that match a call the
//! first is used. Unknown fields are errors.
//!
//! ```
//! let scenario = simulator::Scenario::from_toml(r#"
//! replace = true                                      # drop the faults that still wait
//! chat_latency = { median_ms = 900, sigma = 0.4 }     # of text and moderations, from now on
//! image_latency = { median_ms = 12000, sigma = 0.3 }
//! batch_latency = { median_ms = 60000 }               # from the creation of a batch to its first line
//!
//! [[faults]]                      # which calls (all optional):
//! kind = "chat"                   #   chat | image | moderation | any, or batch | file, which any leaves out
//! key = "sk-first"                #   calls with this key
//! model = "gpt-6-luna"            #   calls of this model
//! contains = "walnuts"            #   calls whose prompt contains this text
//! times = 3                       #   this many calls, then the fault is gone; without it, until it is dropped
//! status = 429                    # what happens: an error answer, 400 to 599, with
//! code = "insufficient_quota"     #   error.code: text, or a number as routers send it
//! type = "insufficient_quota"     #   error.type
//! message = "No credit left."     #   error.message
//! param = "model"                 #   error.param
//! retry_after = 20                #   Retry-After, in seconds
//! headers = { "x-ratelimit-remaining-requests" = "0" }
//!
//! [[faults]]
//! probability = 0.05              # this share of the calls
//! delay_ms = 3000                 # added to the latency; goes with every effect, also alone
//!
//! [[faults]]
//! kind = "image"
//! effect = "corrupt_image"        # see below
//! billed = false                  # where it differs from what the effect implies
//!
//! [[faults]]
//! effect = "caption"
//! text = "Fresh bread!"           # of effects text, caption, mentions, omits, other_language and flagged
//!
//! [[faults]]
//! effect = "changes"
//! changes = { "/title" = "Short", "/entries/0/date" = "soon" }    # by JSON pointer
//!
//! [[faults]]
//! effect = "huge"
//! megabytes = 40
//! "#).expect("a valid scenario");
//! assert_eq!(scenario.faults.len(), 6);
//! ```
//!
//! | effect | what is answered | billed |
//! |---|---|---|
//! | `status` | an error; the default where `status` is given | no |
//! | `error_in_200` | 200 with an `error` object | no |
//! | `html` | an HTML page, `status` 502 if not given | no |
//! | `not_json` | 200 and plain text | no |
//! | `hang` | nothing, until the client leaves (status 0 on the bill) | no |
//! | `text` | the message is `text`, as it is | yes |
//! | `caption` | the caption is `text`, the rest follows the schema | yes |
//! | `changes` | the usual JSON, with other values where `changes` points | yes |
//! | `mentions`, `omits` | the usual answer with `text` in it, or without it | yes |
//! | `other_language` | an answer in the language `text`, or in another than was asked for | yes |
//! | `breaks_schema` | JSON of another shape | yes |
//! | `refusal` | `message.refusal` in place of content | yes |
//! | `content_filter` | `finish_reason: content_filter`, no text | prompt |
//! | `length` | half of the text, `finish_reason: length` | yes |
//! | `empty` | no choices, no images | prompt |
//! | `flagged` | a moderation that flags category `text` (violence) | free |
//! | `corrupt_image`, `svg_image`, `blank_image`, `small_image` | a damaged PNG, an SVG, one colour, 64 x 64 | yes |
//! | `wrong_size` | a picture of `size` (`"300x200"`) | yes |
//! | `same_as_last` | the picture that was drawn last, hardly changed | yes |
//! | `drip` | the body at one byte a second | yes |
//! | `truncate`, `reset` | half of the body, then the end of the connection: orderly, or a TCP reset | yes |
//! | `huge`, `endless` | `megabytes` (16) of blanks before the body; blanks for ever | yes |
//! | `batch_fails` | kind `batch`: validation fails, with `code` and `message` | no |
//! | `batch_expires`, `batch_stalls` | kind `batch`: after `lines` lines it expires, or waits to be cancelled | those lines |
//! | `none` | the normal answer: lets calls pass that a later fault would hit | yes |

mod admin;
mod ask;
mod batches;
mod bill;
mod body;
mod call;
mod chat;
mod config;
mod connection;
mod copywriter;
mod fault;
mod fields;
mod images;
mod kind;
mod latency;
mod limits;
mod models;
mod moderation;
mod multipart;
mod picture;
mod prices;
mod provider;
mod refusal;
mod routes;
mod scenario;
mod seed;
mod server;
mod shorten;

pub use admin::Admin;
pub use bill::{Bill, BilledCall, Cause, Usage};
pub use config::{ProviderKey, SimulatorConfig};
pub use fault::Fault;
pub use kind::Kind;
pub use latency::Latency;
pub use limits::{LimitScope, Limits, TokenCharge};
pub use prices::{BadPrices, Prices};
pub use scenario::{Scenario, WaitingFault};
pub use server::{Running, Simulator};
