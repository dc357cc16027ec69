//! Every method of the port, asked with what the dice throw. The same dice ask two stores the same.

use futures_util::TryStreamExt as _;
use futures_util::future::BoxFuture;
use ledger_core::{CollectionOutcome, OneLine, UserId, Visibility};
use ledger_port::{
    ActivityLedgerStore, IngestPage, LedgerRegistry, Once, PortResult, RollOver, Write,
};

use super::draw::Draw;
use super::told;

/// What is asked.
pub(crate) struct Asked<'a> {
    pub(crate) store: &'a dyn ActivityLedgerStore,
    pub(crate) registry: &'a dyn LedgerRegistry,
}

type Ask = for<'a> fn(&'a Asked<'a>, Draw<'a>) -> BoxFuture<'a, PortResult<String>>;

/// One method.
pub(crate) struct Method {
    pub(crate) name: &'static str,
    pub(crate) ask: Ask,
}

macro_rules! methods {
    ($($name:ident: |$at:ident, $draw:ident| $answer:expr;)+) => {
        /// All of them.
        pub(crate) const METHODS: &[Method] = &[$(Method {
            name: stringify!($name),
            ask: |$at, draw| {
                Box::pin(async move {
                    let mut drawn = draw;
                    let $draw = &mut drawn;
                    Ok($answer)
                })
            },
        }),+];
    };
}

methods! {
    create_epoch: |at, draw| told::plainly(at.store.create_epoch(&draw.new_epoch()).await?);
    get_open_epoch: |at, _draw| told::plainly(at.store.get_open_epoch().await?);
    get_epoch: |at, draw| told::plainly(at.store.get_epoch(draw.epoch()).await?);
    list_epochs: |at, draw| told::plainly(at.store.list_epochs(draw.page(Draw::epoch)).await?);
    begin_review: |at, draw| told::plainly(at.store.begin_review(draw.epoch()).await?);
    close_epoch: |at, draw| {
        told::plainly(at.store.close_epoch(draw.epoch(), draw.credits()).await?)
    };

    insert_activity_events: |at, draw| {
        told::plainly(at.store.insert_activity_events(draw.epoch(), &draw.events()).await?)
    };
    get_activity_event: |at, draw| {
        told::plainly(at.store.get_activity_event(&draw.printable(512)).await?.map(told::event))
    };
    get_activity_for_epoch: |at, draw| {
        let (epoch, page) = (draw.epoch(), draw.page(Draw::activity_key));
        told::events(at.store.get_activity_for_epoch(epoch, page).await?)
    };
    get_unresolved_activity: |at, draw| {
        let (epoch, page) = (draw.epoch(), draw.page(Draw::activity_key));
        told::events(at.store.get_unresolved_activity(epoch, page).await?)
    };
    find_activity: |at, draw| {
        let (epoch, filter, page) = (draw.epoch(), draw.filter(), draw.page(Draw::activity_key));
        told::events(at.store.find_activity(epoch, &filter, page).await?)
    };
    count_activity: |at, draw| {
        let (epoch, user) = (draw.epoch(), draw.maybe(|draw| draw.printable(256)));
        told::plainly(at.store.count_activity(epoch, user.as_ref()).await?)
    };
    stream_activity_for_epoch: |at, draw| {
        let stream = at.store.stream_activity_for_epoch(draw.epoch()).await?;
        told::plainly(stream.map_ok(told::event).try_collect::<Vec<_>>().await?)
    };

    resolve_activity_identity: |at, draw| {
        let resolution = draw.resolution();
        let (event, user) = (&resolution.event_id, &resolution.user_id);
        told::plainly(at.store.resolve_activity_identity(event, user).await?)
    };
    resolve_activity_identities: |at, draw| {
        let resolutions = draw.some(3, Draw::resolution);
        told::plainly(at.store.resolve_activity_identities(&resolutions).await?)
    };
    bind_identities: |at, draw| {
        told::plainly(at.store.bind_identities(&draw.some(3, Draw::binding)).await?)
    };
    get_identity_binding: |at, draw| {
        told::plainly(at.store.get_identity_binding(&draw.platform_user()).await?)
    };
    list_identity_bindings: |at, draw| {
        told::plainly(at.store.list_identity_bindings(draw.page(Draw::platform_user)).await?)
    };
    resolve_activity_by_bindings: |at, draw| {
        told::plainly(at.store.resolve_activity_by_bindings(draw.epoch()).await?)
    };
    list_unresolved_identities: |at, draw| {
        let (epoch, page) = (draw.epoch(), draw.page(Draw::platform_user));
        told::plainly(at.store.list_unresolved_identities(epoch, page).await?)
    };

    insert_allocations: |at, draw| {
        let (epoch, allocations) = (draw.epoch(), draw.some(3, Draw::allocation));
        told::plainly(at.store.insert_allocations(epoch, &allocations).await?)
    };
    propose_allocations: |at, draw| {
        told::plainly(at.store.propose_allocations(draw.epoch()).await?)
    };
    preview_allocations: |at, draw| {
        told::plainly(at.store.preview_allocations(draw.epoch(), &draw.weights()).await?)
    };
    update_allocation: |at, draw| {
        let (epoch, user) = (draw.epoch(), draw.printable(256));
        let decision = draw.maybe(Draw::decision);
        told::plainly(at.store.update_allocation(epoch, &user, decision.as_ref()).await?)
    };
    get_allocation: |at, draw| {
        told::plainly(at.store.get_allocation(draw.epoch(), &draw.printable(256)).await?)
    };
    get_allocations_for_epoch: |at, draw| {
        let (epoch, page) = (draw.epoch(), draw.page(|draw| draw.printable(256)));
        told::plainly(at.store.get_allocations_for_epoch(epoch, page).await?)
    };

    upsert_cursor: |at, draw| {
        told::plainly(at.store.upsert_cursor(&draw.cursor_key(), &draw.free()).await?)
    };
    get_cursor: |at, draw| told::plainly(at.store.get_cursor(&draw.cursor_key()).await?);
    list_cursors: |at, draw| {
        told::plainly(at.store.list_cursors(draw.page(Draw::cursor_key)).await?)
    };

    record_collection: |at, draw| {
        let (epoch, source) = (draw.epoch(), draw.slug());
        let outcome = match draw.maybe(Draw::moment) {
            Some(through) => CollectionOutcome::Complete { through },
            None => CollectionOutcome::Failed { error: OneLine::of(&draw.free()) },
        };
        told::plainly(at.store.record_collection(epoch, &source, &outcome).await?)
    };
    list_collections_for_epoch: |at, draw| {
        let (epoch, page) = (draw.epoch(), draw.page(Draw::slug));
        told::plainly(at.store.list_collections_for_epoch(epoch, page).await?)
    };

    insert_pool_component: |at, draw| {
        let (epoch, part) = (draw.epoch(), draw.component());
        told::plainly(told::component(at.store.insert_pool_component(epoch, &part).await?))
    };
    get_pool_components_for_epoch: |at, draw| {
        let (epoch, page) = (draw.epoch(), draw.page(Draw::slug));
        let page = at.store.get_pool_components_for_epoch(epoch, page).await?;
        let items: Vec<_> = page.items.into_iter().map(told::component).collect();
        told::plainly((items, page.next))
    };

    insert_payout_statement: |at, draw| {
        told::plainly(at.store.insert_payout_statement(&draw.statement()).await?)
    };
    get_statement_for_epoch: |at, draw| {
        told::plainly(at.store.get_statement_for_epoch(draw.epoch()).await?)
    };
    list_holdings: |at, draw| {
        let page = draw.page(|draw| draw.printable::<UserId>(256));
        told::plainly(at.store.list_holdings(page).await?)
    };

    ingest_page: |at, draw| {
        let page = IngestPage {
            epoch_id: draw.epoch(),
            events: draw.events(),
            cursor_key: draw.cursor_key(),
            cursor_value: draw.free(),
        };
        told::plainly(at.store.ingest_page(&page).await?)
    };
    roll_over: |at, draw| {
        let command = RollOver { over: draw.maybe(Draw::epoch), next: draw.new_epoch() };
        told::plainly(at.store.roll_over(&command).await?)
    };
    finalize_epoch: |at, draw| told::plainly(at.store.finalize_epoch(&draw.finalize()).await?);
    preview_finalize_epoch: |at, draw| {
        told::plainly(at.store.preview_finalize_epoch(&draw.finalize()).await?)
    };

    insert_access_token: |at, draw| {
        told::plainly(at.store.insert_access_token(&draw.token()).await?)
    };
    get_access_token: |at, draw| {
        told::plainly(at.store.get_access_token(draw.token_id()).await?)
    };
    list_access_tokens: |at, draw| {
        told::plainly(at.store.list_access_tokens(draw.page(Draw::token_id)).await?)
    };
    revoke_access_token: |at, draw| {
        told::plainly(at.store.revoke_access_token(draw.token_id()).await?)
    };

    set_display_name: |at, draw| {
        let (user, name) = (draw.printable(256), draw.maybe(Draw::name));
        told::plainly(at.store.set_display_name(&user, name.as_ref()).await?)
    };
    get_display_names: |at, draw| {
        let users: Vec<UserId> = draw.some(6, |draw| draw.printable(256));
        told::plainly(at.store.get_display_names(&users).await?)
    };

    write: |at, draw| {
        let write = any_write(draw);
        let once = draw.maybe(|draw| Once { key: draw.key(), request_hash: draw.hash() });
        told::plainly(at.store.write(&write, once.as_ref(), &told::written).await?)
    };
    find_answer: |at, draw| {
        let once = Once { key: draw.key(), request_hash: draw.hash() };
        told::plainly(at.store.find_answer(&once).await?)
    };

    create_ledger: |at, draw| told::ledger(&at.registry.create_ledger(&draw.slug()).await?);
    get_ledger: |at, draw| {
        told::plainly(at.registry.get_ledger(&draw.slug()).await?.as_ref().map(told::ledger))
    };
    set_ledger_visibility: |at, draw| {
        let visibility = if draw.dice.bool() { Visibility::Public } else { Visibility::Private };
        told::ledger(&at.registry.set_ledger_visibility(&draw.slug(), visibility).await?)
    };
    list_ledgers: |at, draw| {
        let page = at.registry.list_ledgers(draw.page(Draw::slug)).await?;
        let ledgers: Vec<_> = page.items.iter().map(told::ledger).collect();
        told::plainly((ledgers, page.next))
    };
}

fn any_write(draw: &mut Draw<'_>) -> Write {
    let epoch_id = draw.epoch();
    match draw.dice.u8(..8) {
        0 => Write::CreateEpoch(draw.new_epoch()),
        1 => Write::BeginReview(epoch_id),
        2 => Write::FinalizeEpoch(draw.finalize()),
        3 => Write::InsertActivityEvents { epoch_id, events: draw.events() },
        4 => Write::BindIdentities(draw.some(3, Draw::binding)),
        5 => Write::ProposeAllocations(epoch_id),
        6 => Write::UpdateAllocation {
            epoch_id,
            user_id: draw.printable(256),
            decision: draw.maybe(Draw::decision),
        },
        _ => Write::InsertPoolComponent { epoch_id, component: draw.component() },
    }
}
