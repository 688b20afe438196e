//! The calls about publications.

use tonic::{Request, Response, Status};
use vardnav_api::common::{page, page_size};
use vardnav_api::status::ApiError;
use vardnav_api::vardnav::indicators::v1 as pb;
use vardnav_api::vardnav::indicators::v1::publication_service_server::PublicationService;
use vardnav_classification::model::Label;
use vardnav_indicators::publication::REVISED;
use vardnav_release::authority::KeptPublication;
use vardnav_release::entry::{PublicationRecord, PublicationState};
use vardnav_runtime::gate::caller;

use super::answer::{figure, message, names, published_message};
use super::{Publications, Wish};
use crate::{BoxedStream, PAGE_DEFAULT, PAGE_MAX, ROWS_DEFAULT, ROWS_MAX};

/// Bytes of a piece.
const PIECE_BYTES: usize = 1 << 20;

#[tonic::async_trait]
impl PublicationService for Publications {
    async fn publish_indicators(
        &self,
        request: Request<pb::PublishIndicatorsRequest>,
    ) -> Result<Response<pb::PublishIndicatorsResponse>, Status> {
        let caller = caller(&request)?;
        let made = self.publish(&caller, wish(request.into_inner())?).await?;
        let view = self.indicators.authority.view();
        Ok(Response::new(pb::PublishIndicatorsResponse {
            publication: Some(message(&made.kept, view.state().publications())),
            changed: made.changed,
            figures_changed: made.revision.changed,
            figures_added: made.revision.added,
            figures_gone: made.revision.gone,
        }))
    }

    async fn list_publications(
        &self,
        request: Request<pb::ListPublicationsRequest>,
    ) -> Result<Response<pb::ListPublicationsResponse>, Status> {
        let request = request.into_inner();
        let size = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)?;
        let view = self.indicators.authority.view();
        let publications = view.state().publications();
        let asked = publications
            .all()
            .filter(|kept| request.year == 0 || request.year == i32::from(kept.record.year));
        let (kept, next_page_token) = page(asked, place, &request.page_token, size);
        Ok(Response::new(pb::ListPublicationsResponse {
            publications: kept.into_iter().map(|kept| message(kept, publications)).collect(),
            next_page_token,
        }))
    }

    async fn get_publication(
        &self,
        request: Request<pb::GetPublicationRequest>,
    ) -> Result<Response<pb::GetPublicationResponse>, Status> {
        let kept = self.find(&request.into_inner().id)?;
        let publication = self.read(&kept.record).await?;
        let view = self.indicators.authority.view();
        Ok(Response::new(pb::GetPublicationResponse {
            publication: Some(message(&kept, view.state().publications())),
            min_count: publication.min_count,
            indicators: publication.indicators.iter().map(published_message).collect(),
        }))
    }

    async fn list_published_figures(
        &self,
        request: Request<pb::ListPublishedFiguresRequest>,
    ) -> Result<Response<pb::ListPublishedFiguresResponse>, Status> {
        let request = request.into_inner();
        let size = page_size(request.page_size, ROWS_DEFAULT, ROWS_MAX)?;
        let from = match request.page_token.as_str() {
            "" => 0,
            token => token
                .parse::<usize>()
                .map_err(|_| ApiError::field("page_token", "not a token of an earlier answer"))?,
        };
        let kept = self.find(&request.publication)?;
        let publication = self.read(&kept.record).await?;
        let published = publication
            .indicator(&request.indicator)
            .ok_or_else(|| ApiError::not_found("an indicator with that id in the publication"))?;
        let asked = published
            .rows
            .iter()
            .filter(|(_, numbers)| !request.revised_only || numbers.is_marked(REVISED));
        let mut rest = asked.skip(from);
        let figures: Vec<_> = rest
            .by_ref()
            .take(size)
            .map(|(key, numbers)| figure(key, numbers))
            .collect();
        let next_page_token = match rest.next() {
            Some(_) => from.saturating_add(figures.len()).to_string(),
            None => String::new(),
        };
        Ok(Response::new(pb::ListPublishedFiguresResponse {
            figures,
            names: if from == 0 { names(published) } else { Vec::new() },
            next_page_token,
        }))
    }

    type DownloadPublicationStream = BoxedStream<pb::DownloadPublicationResponse>;

    async fn download_publication(
        &self,
        request: Request<pb::DownloadPublicationRequest>,
    ) -> Result<Response<Self::DownloadPublicationStream>, Status> {
        let kept = self.find(&request.into_inner().id)?;
        let bytes = self.bytes(&kept.record).await?;
        let pieces: Vec<_> = bytes
            .chunks(PIECE_BYTES)
            .map(|piece| {
                Ok(pb::DownloadPublicationResponse {
                    data: piece.to_vec().into(),
                })
            })
            .collect();
        Ok(Response::new(Box::pin(tokio_stream::iter(pieces))))
    }
}

/// Where a publication stands in a list: by year and number, in digits that sort so.
fn place(kept: &&KeptPublication) -> String {
    format!("{:04}-{:010}", kept.record.year, kept.record.number)
}

fn wish(message: pb::PublishIndicatorsRequest) -> Result<Wish, ApiError> {
    let year = i16::try_from(message.year)
        .ok()
        .filter(|year| (1..=9999).contains(year))
        .ok_or_else(|| ApiError::field("year", "a calendar year is needed"))?;
    let state = match message.state.as_str() {
        "preliminary" => PublicationState::Preliminary,
        "final" => PublicationState::Final,
        _ => return Err(ApiError::field("state", "`preliminary` or `final`")),
    };
    let title = message.title.unwrap_or_default();
    let en = match title.en.trim() {
        "" => title.sv.clone(),
        _ => title.en,
    };
    Ok(Wish {
        record: PublicationRecord {
            year,
            state,
            title: Label { sv: title.sv, en },
            note: message.note,
            ..PublicationRecord::default()
        },
        revises: Some(message.revises).filter(|id| !id.is_empty()),
        validate_only: message.validate_only,
    })
}
