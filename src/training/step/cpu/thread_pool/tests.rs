use super::*;

#[test]
fn each_part_is_done_once_in_every_round() {
    for threads in [1, 2, 3, 8] {
        let mut team = ThreadPool::new(threads);
        assert_eq!(team.threads(), threads, "as many as asked for");
        for round in 0..2_000 {
            let mut parts = vec![0; round % (MAX_PARTS + 1)];
            team.share(&mut parts, |part| *part += 1);
            assert!(
                parts.iter().all(|&part| part == 1),
                "{threads} threads, round {round}: {parts:?}"
            );
        }
    }
}

#[test]
fn a_team_that_slept_is_there_again() {
    let mut team = ThreadPool::new(3);
    for _ in 0..5 {
        thread::sleep(2 * LOOKOUT);
        let mut parts = [0; 7];
        team.share(&mut parts, |part| *part += 1);
        assert_eq!(parts, [1; 7], "after a pause");
    }
}

#[test]
fn the_caller_sleeps_while_a_part_takes_long() {
    let mut team = ThreadPool::new(2);
    let slow = Mutex::new(());
    let mut parts = [0; 2];
    team.share(&mut parts, |part| {
        // Whoever is not the first waits for it, and the first takes longer than a lookout.
        let _turn = slow.lock().expect("nobody panics");
        thread::sleep(3 * LOOKOUT);
        *part += 1;
    });
    assert_eq!(parts, [1; 2], "both were waited for");
}

#[test]
fn a_caller_that_was_held_up_works_alone_for_a_while() {
    let mut team = ThreadPool::new(2);
    // Whether the other thread took part, which then pauses in the middle of it.
    let takes_part = |team: &mut ThreadPool, pause: Duration| {
        let caller = thread::current().id();
        let is_there = AtomicBool::new(false);
        team.share(&mut [(), ()], |()| {
            if thread::current().id() != caller {
                is_there.store(true, Ordering::SeqCst);
                thread::sleep(pause);
            }
            look_out(|| is_there.load(Ordering::SeqCst));
        });
        is_there.into_inner()
    };
    let pause = 100 * LOOKOUT;
    // On a busy machine the caller may be held up as long by other programs.
    let is_left_out = (0..1_000).any(|_| {
        takes_part(&mut team, pause);
        team.alone_until.is_some()
    });
    assert!(is_left_out, "it held the caller up");
    team.alone_until = Some(Instant::now() + Duration::from_hours(1));
    assert!(!takes_part(&mut team, pause), "the caller is alone now");
    team.alone_until = Some(Instant::now());
    let is_back = (0..10_000).any(|_| takes_part(&mut team, Duration::ZERO));
    assert!(is_back, "it is tried again");
}

#[test]
fn a_panic_reaches_the_caller_and_leaves_the_team_whole() {
    let mut alone = ThreadPool::new(2);
    alone.alone_until = Some(Instant::now() + Duration::from_hours(1));
    for mut team in [ThreadPool::new(1), ThreadPool::new(2), alone] {
        panics_and_goes_on(&mut team);
    }
}

fn panics_and_goes_on(team: &mut ThreadPool) {
    for index in 0..4 {
        let mut parts = [0, 1, 2, 3];
        let panicked = panic::catch_unwind(AssertUnwindSafe(|| {
            team.share(&mut parts, |part| {
                assert_ne!(*part, index, "this part");
                *part += 10;
            });
        }));
        let payload = panicked.expect_err("one part panics");
        let message = payload.downcast_ref::<String>().expect("a message");
        assert!(message.contains("this part"), "{message}");
        let done = parts.iter().filter(|&&part| part >= 10).count();
        assert_eq!(done, 3, "the other parts are done");
    }
    let mut parts = [1; 5];
    team.share(&mut parts, |part| *part += 1);
    assert_eq!(parts, [2; 5], "as before");
}
