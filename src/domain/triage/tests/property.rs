//! Whatever is down, each disconnection is told in one way.

use proptest::prelude::*;

use super::*;

fn any_disconnection() -> impl Strategy<Value = Disconnection> {
    let cause = prop_oneof![
        3 => Just(Class::Throttled),
        1 => Just(Class::Dns),
        1 => Just(Class::Unknown)
    ];
    let told = prop_oneof![3 => Just(Told::No), 1 => Just(Told::Perhaps), 1 => Just(Told::Yes)];
    let way = prop_oneof![
        4 => Just(Way::Undecided),
        3 => Just(Way::Alert),
        1 => Just(Way::Incident(id(1))),
        1 => Just(Way::Incident(id(9))),
        1 => Just(Way::Chronic),
        1 => Just(Way::Baseline),
    ];
    (cause, told, way, 0_i64..4, 0_i64..3).prop_map(|(cause, told, way, client, hours)| {
        let mut disconnection = Disconnection {
            detected_at: hour(-hours),
            told,
            way,
            ..down(0, cause)
        };
        disconnection.mailbox.client_id = Some(client);
        disconnection
    })
}

proptest! {
    /// Every disconnection that is open and untold is told in one way and no other, or waits.
    #[test]
    fn each_is_told_in_one_way(
        known in prop::collection::vec(any_disconnection(), 0..60),
        fresh in prop::collection::vec(any_disconnection(), 0..60),
        events in prop::collection::vec(0..4_u8, 60),
        chronic in prop::collection::btree_map(0_i64..120, (0_u32..4, any::<bool>()), 0..30),
        confirm_checks in 1_u32..4,
        accounts in 2_usize..10,
        share in 1_usize..=100,
        announce in prop_oneof![4 => Just(Announce::New), 1 => Just(Announce::All)],
    ) {
        let numbered = |first: i64, disconnections: Vec<Disconnection>| {
            let ids = first..;
            disconnections.into_iter().zip(ids).map(|(mut disconnection, id)| {
                disconnection.mailbox.id = id;
                disconnection
            }).collect::<Vec<_>>()
        };
        let mut open = numbered(0, known);
        let fresh = numbered(60, fresh).into_iter().map(|disconnection| Disconnection {
            told: Told::No,
            way: Way::Undecided,
            ..disconnection
        });
        let mut diff = new(fresh);
        for (disconnection, event) in open.iter().zip(events) {
            let event = match event {
                0 => Event::Reconnected,
                1 => Event::Changed,
                2 => { diff.missing.push(disconnection.mailbox.id); continue }
                _ => continue,
            };
            diff.transitions.push(Transition { event, disconnection: disconnection.clone() });
        }
        diff.transitions.sort_by_key(|transition| transition.disconnection.mailbox.id);
        let mut memory = Memory {
            incidents: vec![Incident {
                accounts: 0,
                down: 0,
                ..incident(1, Class::Throttled, Scope::Client(1), 4)
            }],
            last_incident: 1,
            applied: vec![hour(-1), hour(-2)],
            relapses: chronic.iter().map(|(account, (cycles, _))| (*account, *cycles)).collect(),
            chronic: chronic.iter().filter(|(_, (cycles, _))| *cycles > 2).map(|(account, (cycles, told))| Chronic {
                account: *account,
                address: None,
                cycles: *cycles,
                told_at: told.then(|| hour(-9)),
                is_down: true,
                resolved_at: None,
            }).collect(),
            ..Memory::default()
        };
        memory.count_open(&open);
        let rules = Rules { confirm_checks, incident: Threshold { accounts, share } };
        let before: BTreeMap<i64, Way> =
            open.iter().map(|disconnection| (disconnection.mailbox.id, disconnection.way)).collect();
        let triage = triage(&mut open, &mut diff, &memory, announce, rules, hour(0));
        let news = News::new(&open, &diff, &triage, Unannounced::default(), announce);

        let is_untold = |disconnection: &Disconnection| match announce {
            Announce::All => !diff.is_missing(disconnection) || disconnection.told != Told::Yes,
            _ => disconnection.told != Told::Yes,
        };
        let untold: Vec<_> = diff.open_after(&open).filter(|d| is_untold(d)).collect();
        let in_alert = news.alert.disconnections.len();
        let in_incidents: usize = news.incidents.iter().filter(|news| news.step != Step::End).map(|news| news.new).sum();
        let folded = untold.iter().filter(|d| d.way == Way::Chronic).count();
        prop_assert_eq!(in_alert + in_incidents + folded + triage.waiting, untold.len());
        for disconnection in &news.alert.disconnections {
            prop_assert_eq!(disconnection.way, Way::Alert);
        }
        for news in &news.incidents {
            let incident = news.incident;
            prop_assert_eq!(incident.down, news.down.len() as u64, "{:?}", incident);
            prop_assert!(incident.down <= incident.accounts);
            prop_assert!(news.down.iter().all(|d| d.way == Way::Incident(incident.id)));
        }
        // What has changed is what is recorded.
        let touched: Vec<i64> = diff.transitions.iter().map(|t| t.disconnection.mailbox.id).collect();
        for disconnection in &open {
            let account = disconnection.mailbox.id;
            if touched.contains(&account) {
                continue;
            }
            let moved = triage.moved.iter().find(|(moved, _)| *moved == account);
            let way = moved.map_or(before[&account], |(_, way)| *way);
            prop_assert_eq!(way, disconnection.way);
        }
    }
}
