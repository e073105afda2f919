//! Doubts come page by page, and each page is worked off before the next.

use super::*;

fn page(ordinals: impl IntoIterator<Item = u32>) -> DoubtPage {
    DoubtPage {
        doubts: ordinals.into_iter().map(doubtful).collect(),
        next_due: None,
    }
}

/// Whether the next page may be read at this moment, and when whoever sleeps must wake for it.
fn reads(doubts: &Doubts, second: i64) -> (bool, Option<Elapsed>) {
    (doubts.may_load(at(second)), doubts.next_moment())
}

#[test]
fn a_page_is_worked_off_and_on_record_before_the_next_is_read() {
    let mut doubts = Doubts::default();
    assert_eq!(reads(&doubts, 9), (false, None));
    assert!(!doubts.are_pending());
    doubts.load_at(at(20).elapsed);
    doubts.load_at(at(10).elapsed);
    doubts.load_at(at(30).elapsed);
    let ten = Some(at(10).elapsed);
    assert_eq!(reads(&doubts, 9), (false, ten));
    assert_eq!(reads(&doubts, 10), (true, ten));
    let query = doubts.loading(at(10));
    assert_eq!((query.after, query.due), (None, at(10).wall));
    // There are others due by the time that it comes.
    doubts.load_at(at(11).elapsed);
    assert_eq!(reads(&doubts, 12), (false, None), "it is being read");
    doubts.loaded(page([0]), None, at(12));
    assert_eq!(reads(&doubts, 12), (false, None), "it is in hand");
    let taken = doubts.take(|_| true, at(12)).unwrap();
    assert_eq!((taken.delivery, doubts.finds()), (delivery(0), 1));
    assert_eq!(reads(&doubts, 12), (false, None), "it is looked up");
    assert!(doubts.decide(delivery(0)).is_some());
    assert_eq!(doubts.finds(), 0);
    assert_eq!(reads(&doubts, 12), (false, None), "it is not on record");
    doubts.closed(delivery(0));
    assert_eq!(reads(&doubts, 12), (true, Some(at(11).elapsed)));
    doubts.loading(at(12));
    assert!(doubts.are_pending());
    doubts.loaded(page([]), None, at(12));
    assert!(!doubts.are_pending());
}

#[test]
fn those_that_are_left_to_a_person_are_on_record_before_the_next_page_too() {
    let mut doubts = Doubts::default();
    doubts.load_at(at(10).elapsed);
    doubts.leave(delivery(0));
    assert_eq!(reads(&doubts, 10), (false, None));
    doubts.closed(delivery(0));
    assert_eq!(reads(&doubts, 10), (true, Some(at(10).elapsed)));
}

#[test]
fn a_page_that_could_not_be_read_is_read_later() {
    let mut doubts = Doubts::default();
    doubts.load_at(at(10).elapsed);
    doubts.loading(at(10));
    doubts.load_failed(at(11).elapsed);
    assert_eq!(reads(&doubts, 10), (false, Some(at(11).elapsed)));
    assert_eq!(reads(&doubts, 11), (true, Some(at(11).elapsed)));
}

#[test]
fn behind_a_full_page_it_is_read_on_as_of_the_same_moment_unless_that_was_of_a_wrong_clock() {
    for is_wrong in [false, true] {
        let mut doubts = Doubts::default();
        doubts.load_at(at(10).elapsed);
        doubts.loading(at(10));
        doubts.loaded(page([]), Some(delivery(255)), at(11));
        if is_wrong {
            doubts.start_over(at(12).elapsed);
        }
        assert!(doubts.may_load(at(12)));
        let query = doubts.loading(at(12));
        let (after, due) = match is_wrong {
            false => (Some(delivery(255)), at(10).wall),
            true => (None, at(12).wall),
        };
        assert_eq!((query.after, query.due), (after, due));
    }
}
