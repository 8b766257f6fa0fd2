//! Groups at times that the tests choose, and groups to which anything happens in any order.

use bytes::Bytes;
use proptest::prelude::*;
use tokio::sync::oneshot::Receiver;
use tokio::sync::oneshot::error::TryRecvError;

use super::group::Phase;
use super::rebalance::Synced;
use super::*;

const DELAY: Duration = Duration::from_millis(50);
const SESSION: Duration = Duration::from_secs(10);
const REBALANCE: Duration = Duration::from_mins(1);

/// A group and its clock.
struct Test {
    group: Group,
    now: Instant,
}

fn request(member_id: &str, instance_id: Option<&str>) -> Join {
    Join {
        member_id: member_id.to_owned(),
        instance_id: instance_id.map(str::to_owned),
        client_id: "client".to_owned(),
        client_host: "127.0.0.1".to_owned(),
        session_timeout: SESSION,
        rebalance_timeout: REBALANCE,
        protocol_type: "consumer".to_owned(),
        protocols: vec![("range".to_owned(), Bytes::from_static(b"r"))],
        can_come_back: true,
        can_skip_assignment: true,
    }
}

impl Test {
    fn new() -> Self {
        Self { group: Group::new(DELAY), now: Instant::now() }
    }

    fn join(&mut self, join: &Join) -> Receiver<JoinReply> {
        let (reply, answer) = oneshot::channel();
        self.group.join(join, reply, self.now);
        answer
    }

    /// Joins for the first time; returns the id that the group gave, and the answer to come.
    fn enter(&mut self) -> (String, Receiver<JoinReply>) {
        let refused = self.join(&request("", None)).try_recv().unwrap().unwrap_err();
        assert_eq!(refused.error, ResponseError::MemberIdRequired);
        let answer = self.join(&request(&refused.member_id, None));
        (refused.member_id, answer)
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.group.expire(self.now);
    }

    fn sync(
        &mut self,
        joined: &Joined,
        assignments: &[(&str, &'static str)],
    ) -> Receiver<SyncReply> {
        let assignments = assignments.iter();
        let (reply, answer) = oneshot::channel();
        let sync = Sync {
            member_id: joined.member_id.clone(),
            instance_id: None,
            generation: joined.generation,
            protocol_type: Some("consumer".to_owned()),
            protocol: Some("range".to_owned()),
            assignments: assignments.map(|(id, it)| ((*id).to_owned(), Bytes::from(*it))).collect(),
        };
        self.group.sync(&sync, reply, self.now);
        answer
    }

    fn heartbeat(&mut self, id: &str, generation: i32) -> Result<(), ResponseError> {
        let caller = Caller { member_id: id, instance_id: None, generation };
        self.group.heartbeat(&caller, self.now)
    }

    /// A stable group with two members: the leader, then the other.
    fn with_two() -> (Self, Joined, Joined) {
        let mut test = Self::new();
        let ((_, mut first), (_, mut second)) = (test.enter(), test.enter());
        test.pass(DELAY);
        let (first, second) = (joined(&mut first), joined(&mut second));
        let mut waiting = test.sync(&second, &[]);
        assert_eq!(waiting.try_recv(), Err(TryRecvError::Empty));
        let all = [(first.member_id.as_str(), "a"), (second.member_id.as_str(), "b")];
        assert_eq!(assignment(&mut test.sync(&first, &all)), "a");
        assert_eq!(assignment(&mut waiting), "b");
        (test, first, second)
    }
}

fn joined(answer: &mut Receiver<JoinReply>) -> Joined {
    answer.try_recv().unwrap().unwrap()
}

fn assignment(answer: &mut Receiver<SyncReply>) -> Bytes {
    let Synced { assignment, .. } = answer.try_recv().unwrap().unwrap();
    assignment
}

#[test]
fn members_that_start_together_are_one_generation() {
    let (mut test, first, second) = Test::with_two();
    assert_eq!((first.generation, second.generation), (1, 1));
    assert_eq!((&first.leader, &second.leader), (&first.member_id, &first.member_id));
    assert_eq!((first.members.len(), second.members.len()), (2, 0));
    assert_eq!(test.heartbeat(&second.member_id, 1), Ok(()));
    assert_eq!(test.heartbeat(&second.member_id, 0), Err(ResponseError::IllegalGeneration));
    assert_eq!(test.heartbeat("nobody", 1), Err(ResponseError::UnknownMemberId));
}

#[test]
fn a_third_member_makes_the_others_join_again() {
    let (mut test, first, second) = Test::with_two();
    let (_, mut third) = test.enter();
    let rebalance = Err(ResponseError::RebalanceInProgress);
    assert_eq!(test.heartbeat(&first.member_id, 1), rebalance);
    let mut again = test.join(&request(&first.member_id, None));
    assert_eq!(again.try_recv(), Err(TryRecvError::Empty), "one is missing");
    let mut other = test.join(&request(&second.member_id, None));
    assert_eq!(joined(&mut again).members.len(), 3);
    assert_eq!((joined(&mut other).generation, joined(&mut third).generation), (2, 2));
    let late = Caller { member_id: &first.member_id, instance_id: None, generation: 1 };
    let illegal = Err(ResponseError::IllegalGeneration);
    assert_eq!(test.group.may_commit(&late, test.now), illegal, "a commit of the old generation");
    let early = Caller { generation: 2, ..late };
    assert_eq!(test.group.may_commit(&early, test.now), rebalance, "a commit without assignment");
}

#[test]
fn who_does_not_come_back_in_time_is_left_behind() {
    let (mut test, first, second) = Test::with_two();
    let (_, mut third) = test.enter();
    let mut again = test.join(&request(&first.member_id, None));
    for _ in 0..6 {
        test.pass(SESSION);
        assert!(test.heartbeat(&second.member_id, 1).is_err());
        if test.group.generation == 1 {
            assert_eq!(again.try_recv(), Err(TryRecvError::Empty));
        }
    }
    assert_eq!(joined(&mut again).members.len(), 2);
    assert_eq!(joined(&mut third).generation, 2);
    assert_eq!(test.heartbeat(&second.member_id, 1), Err(ResponseError::UnknownMemberId));
}

#[test]
fn who_is_silent_for_a_session_is_out() {
    let (mut test, first, second) = Test::with_two();
    test.pass(SESSION / 2);
    assert_eq!(test.heartbeat(&first.member_id, 1), Ok(()));
    test.pass(SESSION / 2);
    assert_eq!(test.heartbeat(&first.member_id, 1), Err(ResponseError::RebalanceInProgress));
    assert_eq!(test.heartbeat(&second.member_id, 1), Err(ResponseError::UnknownMemberId));
    let mut again = test.join(&request(&first.member_id, None));
    assert_eq!(joined(&mut again).members.len(), 1);
    test.pass(REBALANCE);
    assert!(test.group.is_unused(), "who does not ask for an assignment is out as well");
}

#[test]
fn who_does_not_wait_for_the_others_is_not_waited_for() {
    let (mut test, first, second) = Test::with_two();
    let (third, answer) = test.enter();
    drop(answer);
    test.group.forget_gone(test.now);
    assert!(test.group.position(&third, None).is_err());
    let mut again = test.join(&request(&first.member_id, None));
    let mut other = test.join(&request(&second.member_id, None));
    assert_eq!((joined(&mut again).members.len(), joined(&mut other).generation), (2, 2));
    let refused = test.join(&request("", None)).try_recv().unwrap().unwrap_err();
    assert_eq!(refused.error, ResponseError::MemberIdRequired);
    test.pass(SESSION / 2);
    let late = test.join(&request(&refused.member_id, None)).try_recv().unwrap();
    assert_eq!(late.unwrap_err().error, ResponseError::UnknownMemberId);
}

#[test]
fn who_leaves_makes_room_at_once() {
    let (mut test, first, second) = Test::with_two();
    test.group.leave(&first.member_id, None, test.now).unwrap();
    let mut again = test.join(&request(&second.member_id, None));
    assert_eq!(joined(&mut again).leader, second.member_id);
    test.group.leave(&second.member_id, None, test.now).unwrap();
    let unknown = Err(ResponseError::UnknownMemberId);
    assert_eq!(test.group.leave(&second.member_id, None, test.now), unknown);
    assert!(test.group.is_unused());
}

#[test]
fn a_static_member_keeps_its_place_and_fences_the_old_one() {
    let mut test = Test::new();
    let mut answer = test.join(&request("", Some("one")));
    test.pass(DELAY);
    let old = joined(&mut answer);
    let sync = |id: &str, generation| Sync {
        member_id: id.to_owned(),
        instance_id: Some("one".to_owned()),
        generation,
        protocol_type: None,
        protocol: None,
        assignments: vec![(id.to_owned(), Bytes::from_static(b"all"))],
    };
    let (reply, mut answer) = oneshot::channel();
    test.group.sync(&sync(&old.member_id, 1), reply, test.now);
    assert_eq!(assignment(&mut answer), "all");

    let new = joined(&mut test.join(&request("", Some("one"))));
    assert_eq!((new.generation, new.skip_assignment, &new.leader), (1, true, &new.member_id));
    let fenced = ResponseError::FencedInstanceId;
    let caller = Caller { member_id: &old.member_id, instance_id: Some("one"), generation: 1 };
    assert_eq!(test.group.heartbeat(&caller, test.now), Err(fenced));
    assert_eq!(test.group.may_commit(&caller, test.now), Err(fenced));
    let mut back = test.join(&request(&old.member_id, Some("one")));
    assert_eq!(back.try_recv().unwrap().unwrap_err().error, fenced);

    let (reply, mut answer) = oneshot::channel();
    test.group.sync(&sync(&new.member_id, 1), reply, test.now);
    assert_eq!(assignment(&mut answer), "all", "as it was before");
    test.pass(SESSION);
    assert!(test.group.is_unused(), "a place is kept for a session, not for ever");
}

#[test]
fn a_group_agrees_on_what_all_can_do() {
    let mut test = Test::new();
    let with = |names: &[&str]| {
        let protocols = names.iter().map(|name| ((*name).to_owned(), Bytes::new())).collect();
        Join { protocols, can_come_back: false, ..request("", None) }
    };
    let mut first = test.join(&with(&["sticky", "range"]));
    let mut second = test.join(&with(&["robin", "range"]));
    let mut third = test.join(&with(&["robin"]));
    let inconsistent = ResponseError::InconsistentGroupProtocol;
    assert_eq!(third.try_recv().unwrap().unwrap_err().error, inconsistent);
    let other_kind = Join { protocol_type: "connect".to_owned(), ..with(&["range"]) };
    assert_eq!(test.join(&other_kind).try_recv().unwrap().unwrap_err().error, inconsistent);
    test.pass(DELAY);
    assert_eq!(
        (joined(&mut first).protocol, joined(&mut second).protocol),
        ("range".into(), "range".into())
    );
}

/// Something that happens to a group. Members are named by the order in which they entered.
#[derive(Debug, Clone)]
enum Happening {
    Enter,
    EnterStatic(usize),
    Join(usize),
    Sync(usize),
    Heartbeat(usize),
    Leave(usize),
    Pass(u64),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        Just(Happening::Enter),
        (0..3_usize).prop_map(Happening::EnterStatic),
        (0..8_usize).prop_map(Happening::Join),
        (0..8_usize).prop_map(Happening::Sync),
        (0..8_usize).prop_map(Happening::Heartbeat),
        (0..8_usize).prop_map(Happening::Leave),
        (0..30_000_u64).prop_map(Happening::Pass),
    ]
}

proptest! {
    #[test]
    fn every_question_is_answered_in_the_end(happenings in proptest::collection::vec(happening(), 1..60)) {
        let mut test = Test::new();
        let (mut ids, mut joins, mut syncs) = (Vec::<(String, Option<String>)>::new(), Vec::new(), Vec::new());
        let mut generation = 0;
        for happening in happenings {
            let member = |at: usize| ids.get(at).cloned().unwrap_or_default();
            match happening {
                Happening::Enter => {
                    let (id, answer) = test.enter();
                    ids.push((id, None));
                    joins.push(answer);
                }
                Happening::EnterStatic(at) => {
                    let instance = format!("static-{at}");
                    joins.push(test.join(&request("", Some(&instance))));
                    ids.extend(test.group.members.iter().rfind(|it| it.instance_id.as_ref() == Some(&instance)).map(|it| (it.id.clone(), Some(instance))));
                }
                Happening::Join(at) => {
                    let (id, instance) = member(at);
                    joins.push(test.join(&request(&id, instance.as_deref())));
                }
                Happening::Sync(at) => {
                    let (reply, answer) = oneshot::channel();
                    let (member_id, instance_id) = member(at);
                    let (protocol_type, protocol, assignments) = (None, None, Vec::new());
                    let generation = test.group.generation;
                    test.group.sync(&Sync { member_id, instance_id, generation, protocol_type, protocol, assignments }, reply, test.now);
                    syncs.push(answer);
                }
                Happening::Heartbeat(at) => {
                    let generation = test.group.generation;
                    let _answer = test.heartbeat(&member(at).0, generation);
                }
                Happening::Leave(at) => {
                    let (id, instance) = member(at);
                    let _answer = test.group.leave(&id, instance.as_deref(), test.now);
                }
                Happening::Pass(milliseconds) => test.pass(Duration::from_millis(milliseconds)),
            }
            prop_assert!(test.group.generation >= generation);
            generation = test.group.generation;
            let members = &test.group.members;
            prop_assert_eq!(test.group.phase == Phase::Empty, members.is_empty());
            let joining = members.iter().filter(|member| member.join.is_some()).count();
            let syncing = members.iter().filter(|member| member.sync.is_some()).count();
            match test.group.phase {
                Phase::Preparing { .. } => prop_assert_eq!(syncing, 0),
                Phase::Completing { .. } => prop_assert!(joining == 0 && members.iter().any(|it| it.id == test.group.leader)),
                Phase::Stable | Phase::Empty => prop_assert_eq!((joining, syncing), (0, 0)),
            }
        }
        // Nobody says anything any more: one deadline after another comes, and then there is nothing left.
        for _ in 0..40 {
            if let Some(next) = test.group.next_deadline() {
                test.now = next.max(test.now);
                test.group.expire(test.now);
            }
        }
        prop_assert!(test.group.is_unused());
        prop_assert!(joins.iter_mut().all(|answer| answer.try_recv() != Err(TryRecvError::Empty)));
        prop_assert!(syncs.iter_mut().all(|answer| answer.try_recv() != Err(TryRecvError::Empty)));
    }
}
