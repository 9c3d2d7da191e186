//! Pictures that a person can tell apart.
//!
//! A prompt for a post gets a scene in the brand's colours, with the brand and the topic written on it: pixels are indices
//! into a palette and are drawn in runs, so that it takes little time and few bytes. A prompt for a design gets one of its
//! kind and style, and one that comes with pictures a scene around them; both are painted in full colour. The same
//! [`Sketch`] is always the same file.

mod canvas;
mod colours;
mod damage;
mod design;
mod encode;
mod font;
mod lettering;
mod motif;
mod painting;
mod path;
mod product;
mod scene;
mod store;

pub(crate) use damage::damaged;
pub(crate) use font::legible;
pub(crate) use store::Pictures;

use colours::Colour;
use design::Design;
use encode::Drawing;
use product::Render;

use crate::{
    copywriter::Brief,
    images::{Format, Reference},
    seed::Seed,
};

/// Everything a picture depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Sketch {
    subject: Subject,
    width: u32,
    height: u32,
    format: Format,
    transparent: bool,
    blank: bool,
    /// Hardly changed against what the rest says.
    touched: bool,
}

/// What a picture shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Subject {
    Scene(Scene),
    Design(Design),
    Render(Render),
}

/// What a scene depends on, besides its size.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Scene {
    brand: String,
    topic: String,
    /// The colours that the prompt gives as `#RRGGBB`.
    colours: Vec<Colour>,
    /// Tells apart pictures of one brand and topic.
    variant: u64,
}

impl Sketch {
    /// The piece that a prompt asks for, made from pictures if there are any.
    pub(crate) fn of(prompt: &str, piece: u64, references: &[Reference]) -> Self {
        // What a render asks for is told by its labels, also where no picture of the product came along.
        let names = |label: &str| prompt.lines().any(|line| line.starts_with(label));
        let subject = if !references.is_empty() || (names("Product:") && names("Scene:")) {
            Subject::Render(Render::of(prompt, piece, references))
        } else if let Some(design) = Design::of(prompt, piece) {
            Subject::Design(design)
        } else {
            let brief = Brief::find_in_prompt(prompt);
            let variant = Seed::of(&[prompt, &piece.to_string()]).next();
            let colours = colours::exact(prompt);
            Subject::Scene(Scene { brand: brief.brand, topic: brief.topic, colours, variant })
        };
        Self::showing(subject)
    }

    /// One of a fixed set of pictures.
    pub(crate) fn numbered(number: u64) -> Self {
        let (brand, topic) = ("Sample".into(), format!("Picture {number}"));
        Self::showing(Subject::Scene(Scene { brand, topic, colours: Vec::new(), variant: number }))
    }

    fn showing(subject: Subject) -> Self {
        let (width, height, format) = (1024, 1024, Format::Png);
        Self { subject, width, height, format, transparent: false, blank: false, touched: false }
    }

    /// One of `pool` pictures, of the same size and format.
    pub(crate) fn out_of_pool(&self, pool: u64) -> Self {
        let variant = match &self.subject {
            Subject::Scene(scene) => scene.variant,
            Subject::Design(design) => design.seed(),
            Subject::Render(render) => render.seed(),
        };
        Self { subject: Self::numbered(variant % pool.max(1)).subject, ..self.clone() }
    }

    pub(crate) fn transparent(mut self, transparent: bool) -> Self {
        self.transparent = transparent;
        self
    }

    pub(crate) fn sized(mut self, width: u32, height: u32) -> Self {
        (self.width, self.height) = (width, height);
        self
    }

    pub(crate) fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// Nothing but one colour.
    pub(crate) fn blank(mut self) -> Self {
        self.blank = true;
        self
    }

    /// What another sketch shows, hardly changed, in the size and format of this one.
    pub(crate) fn almost(&self, other: Self) -> Self {
        Self { subject: other.subject, touched: !other.touched, ..self.clone() }
    }

    /// Draws and encodes it. Takes milliseconds: keep it off the threads that serve connections.
    fn draw(&self) -> Vec<u8> {
        let see_through = self.transparent && self.format != Format::Jpeg;
        let (width, height) = (self.width, self.height);
        let mut drawing = match &self.subject {
            _ if self.blank => Drawing::Indexed(scene::blank(width, height)),
            Subject::Scene(scene) => Drawing::Indexed(scene::draw(scene, width, height, see_through)),
            Subject::Design(design) => Drawing::Full(design.draw(width, height, see_through)),
            Subject::Render(render) => Drawing::Full(render.draw(width, height)),
        };
        if self.touched {
            drawing.touch();
        }
        encode::encode(&drawing, self.format)
    }
}

#[cfg(test)]
mod tests;
