//! The table of all operations, and the document that describes it.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem::{Endpoint, EndpointExt, Request, Response, Result, Route, RouteMethod};
use poem_openapi::__private::UrlQuery;
use poem_openapi::registry::{MetaApi, Registry};
use poem_openapi::{LicenseObject, OpenApi, OpenApiService, Tags};

use crate::analytics::AnalyticsApi;
use crate::app::App;
use crate::assets::AssetsApi;
use crate::auth::AccountsApi;
use crate::batches::BatchesApi;
use crate::brand_kits::BrandKitsApi;
use crate::budgets::BudgetsApi;
use crate::campaigns::CampaignsApi;
use crate::compat::{ArtifyApi, ArtifyGenerateApi, PixovaApi, SocialMediaGeneratorApi};
use crate::costs::CostsApi;
use crate::door::{Door, Template};
use crate::download::DownloadApi;
use crate::estimates::EstimatesApi;
use crate::generations::{GenerationsApi, HistoryApi, KindsApi};
use crate::imports::ImportsApi;
use crate::jobs::JobsApi;
use crate::media::MediaApi;
use crate::posts::PostsApi;
use crate::problem::CODES;
use crate::projects::ProjectsApi;
use crate::providers::ProvidersApi;
use crate::results::ResultsApi;
use crate::segments::SegmentsApi;
use crate::service::{self, Pages, ServiceApi};
use crate::streams::StreamsApi;
use crate::templates::TemplatesApi;

/// The chapters of the document.
#[derive(Tags)]
pub enum Chapter {
    /// Registration, login, sessions and the own profile.
    Accounts,
    /// What campaigns and generations belong to: their brand kit, their images, what they cost together.
    Projects,
    /// What batches of posts are made for.
    Campaigns,
    /// Submitting posts in bulk, and following and steering them.
    Batches,
    /// Texts of posts with variables, for imports.
    Templates,
    /// Caps on what campaigns and months may cost.
    Budgets,
    /// People whom generated texts speak to.
    Segments,
    /// What came of content once it was out.
    Analytics,
    /// What calls to providers have cost.
    Costs,
    /// Single posts and what was tried for them.
    Posts,
    /// Texts, images, designs and plans, one at a time.
    Generations,
    /// Generated images, behind signed links.
    Media,
    /// The service itself.
    Service,
    /// The paths and shapes of the social media generator, for front ends written for it.
    #[oai(rename = "Social media generator")]
    SocialMediaGenerator,
    /// The paths and shapes of Pixova. With `BROADSIDE_COMPAT__OPEN_AS` they need no token.
    Pixova,
    /// The paths and shapes of Artify. With `BROADSIDE_COMPAT__OPEN_AS` they need no token.
    Artify,
}

/// Every room of the API. A new one is added here, and its operations are routed and described.
type Rooms =
    (AccountsApi, ProjectRooms, CampaignsApi, BatchRooms, GenerationRooms, InsightRooms, ServiceRooms, OlderBackEnds);

/// Projects and what they hold.
type ProjectRooms = (ProjectsApi, BrandKitsApi, AssetsApi);

/// The paths of older back ends.
type OlderBackEnds = (SocialMediaGeneratorApi, PixovaApi, ArtifyApi, ArtifyGenerateApi);

/// The service itself and the providers that it calls.
type ServiceRooms = (ServiceApi, ProvidersApi);

/// Whom content is for, what came of it, and what it has cost.
type InsightRooms = (SegmentsApi, AnalyticsApi, CostsApi);

/// Batches, what they may cost, their posts, their streams and their images.
type BatchRooms = (BatchesApi, EstimatesApi, BudgetsApi, PostsApi, StreamsApi, MediaApi, DownloadApi, FileRooms);

/// Files of posts, coming in and going out.
type FileRooms = (TemplatesApi, ImportsApi, ResultsApi);

/// What people ask for one at a time.
type GenerationRooms = (KindsApi, GenerationsApi, JobsApi, HistoryApi);

fn rooms(app: &Arc<App>) -> Rooms {
    let app = || Arc::clone(app);
    let batches = (
        BatchesApi::new(app()),
        EstimatesApi::new(app()),
        BudgetsApi::new(app()),
        PostsApi::new(app()),
        StreamsApi::new(app()),
        MediaApi::new(app()),
        DownloadApi::new(app()),
        (TemplatesApi::new(app()), ImportsApi::new(app()), ResultsApi::new(app())),
    );
    let projects = (ProjectsApi::new(app()), BrandKitsApi::new(app()), AssetsApi::new(app()));
    let artify_generation = ArtifyGenerateApi::new(app());
    let older = (SocialMediaGeneratorApi::new(app()), PixovaApi::new(app()), ArtifyApi::new(app()), artify_generation);
    let generations = (KindsApi::new(app()), GenerationsApi::new(app()), JobsApi::new(app()), HistoryApi::new(app()));
    let insight = (SegmentsApi::new(app()), AnalyticsApi::new(app()), CostsApi::new(app()));
    let service = (ServiceApi::new(app()), ProvidersApi::new(app()));
    (AccountsApi::new(app()), projects, CampaignsApi::new(app()), batches, generations, insight, service, older)
}

/// Everything that is served, behind the door.
pub fn endpoint(app: &Arc<App>) -> impl Endpoint<Output = Response> + use<> {
    let mut table = HashMap::new();
    rooms(app).add_routes(&mut table);
    let templates = templates();
    let operations = table.into_iter().fold(Route::new(), |routes, (path, operations)| {
        let template = templates.get(&path).cloned().unwrap_or_else(|| Template(Arc::from(path.as_str())));
        routes.at(&path, operations_of(&template, operations))
    });
    let routes = service::documents(operations, pages());
    Door::new(routes.before(read_query), Arc::clone(app))
}

/// The `OpenAPI` document.
pub fn document() -> String {
    described().spec() + "\n"
}

fn pages() -> Pages {
    let service = described();
    Pages { document: document(), swagger_ui: service.swagger_ui_html(), redoc: service.redoc_html() }
}

fn described() -> OpenApiService<Described<Rooms>, ()> {
    OpenApiService::new(Described(PhantomData), "Broadside", env!("CARGO_PKG_VERSION"))
        .summary("Marketing content in bulk")
        .description(format!("{}\n{CODES}", include_str!("routes.md")))
        .license(LicenseObject::new("Apache-2.0 OR MIT").identifier("Apache-2.0 OR MIT"))
}

/// Every path with its parameters by name, by the path as it is routed: there its parameters are numbered.
fn templates() -> HashMap<String, Template> {
    let numbered = |path: &str| {
        let mut number = 0;
        let mut part = |part: &str| {
            if !part.starts_with('{') {
                return part.to_owned();
            }
            number += 1;
            format!(":param{}", number - 1)
        };
        path.split('/').map(&mut part).collect::<Vec<_>>().join("/")
    };
    let paths = Rooms::meta().into_iter().flat_map(|room| room.paths);
    paths.map(|path| (numbered(&path.path), Template(Arc::from(path.path)))).collect()
}

/// The operations of one path; each puts the path's template on its answer, for the log and the metrics.
fn operations_of(template: &Template, operations: HashMap<Method, BoxEndpoint<'static>>) -> RouteMethod {
    operations.into_iter().fold(RouteMethod::new(), |route, (method, operation)| {
        let marked = operation.after({
            let template = template.clone();
            move |mut answer: Result<Response>| {
                match &mut answer {
                    Ok(response) => response.set_data(template.clone()),
                    Err(error) => error.set_data(template.clone()),
                }
                std::future::ready(answer)
            }
        });
        route.method(method, marked)
    })
}

/// Operations find their query parameters where poem-openapi looks for them.
async fn read_query(mut request: Request) -> Result<Request> {
    let query: Vec<(String, String)> = request.params().unwrap_or_default();
    request.extensions_mut().insert(UrlQuery(query));
    Ok(request)
}

/// Rooms as the document needs them: described, not built.
struct Described<T>(PhantomData<T>);

impl<T: OpenApi> OpenApi for Described<T> {
    fn meta() -> Vec<MetaApi> {
        T::meta()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn add_routes(self, _: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {}
}
