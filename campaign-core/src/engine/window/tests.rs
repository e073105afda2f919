use super::super::testing::{World, at, delivery, person};
use super::*;

fn ready(ordinal: u32) -> Ready {
    person(delivery(1, ordinal))
}

fn page(ordinals: impl IntoIterator<Item = u32>, has_more: bool) -> ReadyPage {
    ReadyPage {
        ready: ordinals.into_iter().map(ready).collect(),
        has_more,
        ..ReadyPage::default()
    }
}

/// One that has read these, and may have more to read.
fn holding(ordinals: impl IntoIterator<Item = u32>, has_more: bool) -> Window {
    let mut window = Window::default();
    window.loaded(page(ordinals, has_more), |_| false, at(0));
    window
}

/// Everybody that it gives at this moment.
fn taken(window: &mut Window, second: i64) -> Vec<u32> {
    let mut taken = Vec::new();
    while let Some(ready) = window.take(at(second)) {
        taken.push(ready.delivery.ordinal());
    }
    taken
}

fn held(window: &Window) -> Vec<u32> {
    window.deliveries().map(DeliveryId::ordinal).collect()
}

#[test]
fn what_was_put_off_comes_when_it_is_due_and_then_first() {
    let mut window = holding([0, 1, 2], false);
    window.put_off(ready(3), at(10).elapsed, 8);
    assert_eq!(window.moments(), [Some(at(10).elapsed), None]);
    assert_eq!(window.take(at(9)), Some(ready(0)));
    assert_eq!(window.take(at(10)), Some(ready(3)));
    window.put_back(ready(3));
    assert_eq!(taken(&mut window, 10), [3, 1, 2]);
    assert!(!window.has_work(at(10)));
    window.put_off(ready(4), at(20).elapsed, 8);
    let has_work = [19, 20, 21].map(|second| window.has_work(at(second)));
    assert_eq!(has_work, [false, true, true]);
    assert!(holding([0], false).has_work(at(0)));
}

#[test]
fn what_does_not_fit_is_read_again_when_the_first_of_it_is_due() {
    let mut window = holding([], false);
    for (ordinal, until) in [(0, 10), (1, 40), (2, 30), (3, 20), (4, 50)] {
        window.put_off(ready(ordinal), at(until).elapsed, 2);
    }
    assert_eq!(held(&window), [0, 1]);
    assert_eq!(window.moments(), [10, 20].map(|it| Some(at(it).elapsed)));
}

#[test]
fn who_is_hastened_is_due_at_once() {
    let mut window = holding([], false);
    window.put_off(ready(0), at(10).elapsed, 8);
    window.put_off(ready(1), at(20).elapsed, 8);
    assert!(window.hasten(delivery(1, 1)));
    assert!(!window.hasten(delivery(1, 2)), "it is not here");
    assert_eq!(taken(&mut window, 0), [1]);
    assert_eq!(held(&window), [0]);
}

#[test]
fn a_page_brings_who_is_not_known_elsewhere_and_tells_where_to_read_on() {
    let mut window = Window::default();
    let known = delivery(1, 1);
    window.loaded(page([0, 1, 2], true), |it| it == known, at(0));
    assert_eq!(held(&window), [0, 2]);
    assert_eq!(window.after, Some(delivery(1, 2)));
    let sparse = ReadyPage {
        read_to: Some(delivery(1, 9)),
        ..page([5], true)
    };
    window.loaded(sparse, |_| false, at(0));
    assert_eq!(window.after, Some(delivery(1, 9)), "further than its last");
    let last = ReadyPage {
        next_due: Some(at(130).wall),
        ..page([10], false)
    };
    window.loaded(last, |_| false, at(100));
    assert_eq!((window.after, window.moments()), (None, [None, None]));
    assert_eq!(taken(&mut window, 100), [0, 2, 5, 10]);
    assert_eq!(window.moments(), [None, Some(at(130).elapsed)]);
}

#[test]
fn it_is_read_into_when_it_runs_low_and_again_from_the_start_when_others_are_due() {
    assert!(Window::default().wants(8, at(0)), "nothing was read yet");
    for (has, wants) in [(3, true), (4, true), (5, false), (9, false)] {
        assert_eq!(holding(0..has, true).wants(8, at(0)), wants, "{has} of 8");
    }
    let mut window = holding([0], false);
    assert!(!window.wants(8, at(0)), "there is no more");
    window.read_again_at(at(30).elapsed);
    window.read_again_at(at(20).elapsed);
    assert!(!window.wants(8, at(20)), "while it holds somebody");
    assert_eq!(taken(&mut window, 20), [0]);
    assert!(!window.wants(8, at(19)));
    window.after = Some(delivery(1, 0));
    assert!(window.wants(8, at(20)));
    window.begin_to_read();
    assert_eq!(window.after, None);
    assert_eq!(window.moments(), [None, None]);
}

#[test]
fn it_is_used_up_when_it_holds_nobody_and_nobody_is_to_be_read() {
    assert!(holding([], false).is_used_up());
    assert!(!Window::default().is_used_up(), "nothing was read yet");
    assert!(!holding([], true).is_used_up());
    assert!(!holding([0], false).is_used_up());
    let mut later = holding([], false);
    later.put_off(ready(0), at(10).elapsed, 8);
    assert!(!later.is_used_up());
    let mut again = holding([], false);
    again.read_again_at(at(10).elapsed);
    assert!(!again.is_used_up());
}

#[test]
fn all_campaigns_together_share_what_memory_holds_and_each_has_some() {
    let usual = crate::engine::Settings::default().window;
    let rows = [
        (0, usual),
        (1, usual),
        (64, 1_024),
        (100, 655),
        (4_096, 16),
        (9_000, 16),
    ];
    for (campaigns, window) in rows {
        assert_eq!(World::of(campaigns, None).engine.window(), window);
    }
}
