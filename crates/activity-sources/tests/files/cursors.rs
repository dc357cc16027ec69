//! Where a later run goes on.

use activity_sources::CollectWindow;

use crate::file::{TestFile, at, line, run, try_run, week};

#[tokio::test]
async fn a_file_that_grew_is_read_on() {
    let file = TestFile::new(line("1", 17));
    let first = run(&file.ndjson(false), None).await;
    file.write(format!("{}\n{}\n", line("1", 17), line("2", 18)));
    let second = run(&file.ndjson(false), Some(first.cursor())).await;
    assert_eq!((second.ids, second.notices.len()), (vec!["2".to_owned()], 0));
}

/// Somebody writes while it is read: the half line is no fault, and its rest is no line. Two events a page.
#[tokio::test]
async fn a_last_line_that_is_half_written_is_left_for_the_next_run() {
    for (skip_invalid, lines) in [(false, 2), (true, 2), (false, 3), (true, 3)] {
        let lines: Vec<_> = (1..=lines).map(|id| line(&id.to_string(), 17) + "\n").collect();
        let (whole, last) = (lines.concat(), lines.len());
        let sound = whole.len() - lines[last - 1].len();
        for cut in [sound + 1, sound + 30, whole.len() - 2] {
            let file = TestFile::new(&whole[..cut]);
            let source = file.ndjson(skip_invalid);
            let before = run(&source, None).await;
            assert_eq!((before.ids.len(), before.tally.faulty), (last - 1, 0), "{before:?}");
            assert_eq!(before.expected, Some(before.ids.len() as u64));
            let said = format!("line {last}: is not JSON: ");
            assert!(before.notices[0].contains(&said), "{before:?}");
            assert!(before.notices[0].ends_with("so it is left for the next run"), "{before:?}");
            file.write(&whole);
            let after = run(&source, Some(before.cursor())).await;
            assert_eq!((after.ids, after.notices.len()), (vec![last.to_string()], 0));
        }
    }
}

#[tokio::test]
async fn a_half_line_that_was_left_out_before_is_not_left_for_later() {
    // What waits before it is read again by the next epoch's run.
    let file = TestFile::new(format!("{}\n{{\"id\":\n", line("1", 24)));
    let source = file.ndjson(true);
    let first = run(&source, None).await;
    assert_eq!((first.tally.waiting, first.tally.faulty), (1, 1));
    let next = CollectWindow { until: at("2026-11-30"), ..week() };
    let second = try_run(&source, Some(first.cursor()), next).await.expect("a run");
    assert_eq!((second.ids, second.notices.len()), (vec!["1".to_owned()], 0));
}

#[tokio::test]
async fn a_file_that_was_replaced_is_read_again_and_says_so() {
    let file = TestFile::new(format!("{}\n{}\n", line("1", 17), line("2", 18)));
    let first = run(&file.ndjson(false), None).await;
    for other in [line("3", 17), format!("{}\n{}\n", line("3", 17), line("2", 18))] {
        file.write(&other);
        let second = run(&file.ndjson(false), Some(first.cursor())).await;
        assert_eq!(second.ids[0], "3");
        assert!(second.notices[0].contains("is read again from its beginning"));
    }
}

#[tokio::test]
async fn what_waits_is_found_by_the_next_epoch_wherever_it_stands() {
    let days = [24, 17, 30, 18, 24, 19, 2];
    let lines = days.iter().enumerate().map(|(at, day)| line(&at.to_string(), *day));
    let text: Vec<String> = lines.collect();
    let file = TestFile::new(text.join("\n"));
    let first = run(&file.ndjson(false), None).await;
    assert_eq!((first.ids.join(" "), first.tally.waiting), ("1 3 5 6".to_owned(), 3));
    let next = CollectWindow { until: at("2026-11-30"), ..week() };
    let second = try_run(&file.ndjson(false), Some(first.cursor()), next).await.expect("a run");
    assert_eq!((second.ids.join(" "), second.tally.waiting), ("0 4".to_owned(), 1));
    let last = CollectWindow { until: at("2026-12-07"), ..week() };
    let third = try_run(&file.ndjson(false), Some(second.cursor()), last).await.expect("a run");
    assert_eq!((third.ids.join(" "), third.tally.waiting), ("2".to_owned(), 0));
    let fourth = try_run(&file.ndjson(false), Some(third.cursor()), last).await.expect("a run");
    assert_eq!((fourth.ids.len(), fourth.cursor()), (0, third.cursor()));
}

#[tokio::test]
async fn books_that_begin_earlier_are_read_from_the_beginning() {
    let file = TestFile::new(format!("{}\n{}\n", line("1", 10), line("2", 18)));
    let late = CollectWindow { since: at("2026-11-16"), ..week() };
    let first = try_run(&file.ndjson(false), None, late).await.expect("a run");
    assert_eq!((first.ids.join(" "), first.tally.before_since), ("2".to_owned(), 1));
    let second = run(&file.ndjson(false), Some(first.cursor())).await;
    assert_eq!(second.ids, ["1", "2"]);
    assert!(second.notices[0].contains("the books now begin at"), "{:?}", second.notices);
}
