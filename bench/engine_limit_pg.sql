-- What one hold and one booking have to do on PostgreSQL, each as one call: see bench/engine_limit.py.

create function bench_known(p_person bigint, p_hospital bigint, p_now timestamptz) returns void language plpgsql as $$
begin
  perform identity_kind, birth_date, sex from person where id = p_person;
  perform id from visit_card where person_id = p_person and hospital_id = p_hospital and state = 'active' limit 1;
  perform id, hospital_id, department_id, doctor_id, session_id, slot_id, day, starts_at, ends_at, state, channel,
      booked_at, ended_at, reason
    from appointment where person_id = p_person and day >= (p_now - interval '400 days')::date order by id;
  perform rule_key, hospital_id, reason, until, rule_row_id from blacklist_entry
    where person_id = p_person and ended_at is null and (until is null or until > p_now);
end $$;

-- The hold's id; null when no number of the session is free.
create function bench_hold(p_key text, p_session bigint, p_person bigint, p_now timestamptz) returns text
language plpgsql as $$
declare
  the_session session;
  hold_id_ text := substr(md5(random()::text || p_key), 1, 22);
  owner_ text := 'web:' || p_person;
  until_ timestamptz := p_now + interval '8 minutes';
  slot_ bigint; period_ bigint; sequence_ int;
begin
  insert into command_key (key, verb, fingerprint, outcome, at) values (p_key, 'hold', md5(p_key), '{}', p_now)
    on conflict do nothing;
  select s.* into the_session from session s join hospital h on h.id = s.hospital_id
      join department d on d.id = s.department_id join post p on p.id = s.post_id
      left join doctor o on o.id = s.doctor_id
    where s.id = p_session and h.state = 'live' and d.open and p.open and coalesce(o.open, true);
  perform count(id), max(updated_at), coalesce(max(id), 0), (select count(*) from holiday) from booking_rule;
  update slot set state = 'held', fhir = 'busy-tentative', hold_id = hold_id_
    where id = (
        select id from slot
          where session_id = p_session and state = 'free' and (rests_until is null or rests_until <= p_now)
            and pool in ('web', 'common')
          order by sequence limit 1 for update skip locked)
      and state = 'free'
    returning id, period_id, sequence into slot_, period_, sequence_;
  if slot_ is null then
    delete from command_key where key = p_key;
    return null;
  end if;
  perform id, starts_at, ends_at, capacity from period where id = period_;
  perform pg_advisory_xact_lock(p_person);
  perform bench_known(p_person, the_session.hospital_id, p_now);
  perform id from hold where owner = owner_ and state = 'live' and reason = 'choice';
  insert into hold (id, slot_id, session_id, owner, reason, person_id, channel, state, made_at, expires_at, heartbeat_at)
    values (hold_id_, slot_, p_session, owner_, 'choice', p_person, 'web', 'live', p_now, until_, p_now);
  update command_key set outcome = json_build_object('kind', 'HeldSlot', 'body', json_build_object(
      'hold_id', hold_id_, 'slot_id', slot_, 'session_id', p_session, 'period_id', period_, 'sequence', sequence_,
      'until', until_))
    where key = p_key;
  insert into journal (transaction, at, kind, actor, channel, person_id, session_id, body)
    values (pg_current_xact_id()::text::bigint, p_now, 'slot.held', 'web', 'web', p_person, p_session,
      json_build_object('hold_id', hold_id_, 'slot_id', slot_, 'session_id', p_session, 'person_id', p_person,
        'reason', 'choice', 'until', until_));
  return hold_id_;
end $$;

create function bench_book(p_key text, p_hold text, p_person bigint, p_now timestamptz) returns bigint
language plpgsql as $$
declare
  the_hold hold; the_slot slot; the_session session; the_period period;
  mark text := lpad(p_person::text, 32, '0');
  drawn text;
  made bigint; entry bigint;
begin
  insert into command_key (key, verb, fingerprint, outcome, at) values (p_key, 'book', md5(p_key), '{}', p_now)
    on conflict do nothing;
  select * into the_hold from hold where id = p_hold for update;
  select * into the_slot from slot where id = the_hold.slot_id;
  select s.* into the_session from session s join hospital h on h.id = s.hospital_id
      join department d on d.id = s.department_id join post p on p.id = s.post_id
      left join doctor o on o.id = s.doctor_id
    where s.id = the_hold.session_id and h.state = 'live' and d.open and p.open and coalesce(o.open, true);
  select * into the_period from period where id = the_slot.period_id;
  perform count(id), max(updated_at), coalesce(max(id), 0), (select count(*) from holiday) from booking_rule;
  perform pg_advisory_xact_lock(p_person);
  perform pg_advisory_xact_lock(p_person + 1000000000);
  perform bench_known(p_person, the_session.hospital_id, p_now);
  -- Without its state: who asks for live ones is led to the index of live ones, which is empty on release day.
  perform distinct person_id, state from appointment where contact_print = mark and day >= p_now::date;
  update slot set state = 'booked', fhir = 'busy', hold_id = null, rests_until = null
    where id = the_slot.id
      and (state = 'held' and hold_id = p_hold or state = 'free' and (rests_until is null or rests_until <= p_now));
  update hold set state = 'used' where id = p_hold;
  loop
    drawn := (10000000 + floor(random() * 89999999))::bigint::text;
    perform id from appointment where serial = drawn;
    exit when not found;
  end loop;
  insert into appointment (serial, slot_id, session_id, hospital_id, department_id, doctor_id, person_id,
      contact_print, contact_tail, contact_sealed, channel, day, starts_at, ends_at, sequence, number_kind, room,
      fee_fen, pay_mode, state, fhir, changes, promised, booked_at, version)
    values (drawn, the_slot.id, the_session.id, the_session.hospital_id, the_session.department_id,
      the_session.doctor_id, p_person, mark, mark, decode(repeat('01', 40), 'hex'), 'web', the_session.day,
      the_period.starts_at, the_period.ends_at, the_slot.sequence, the_session.number_kind, '', the_session.fee_fen,
      'at-hospital', 'booked', 'booked', 0,
      '{"cancel.deadline": "day-1 17:00", "change.deadline": "day-1 17:00", "change.max": "2", "checkin.from": "start-60m", "checkin.cutoff": "start-0m"}',
      p_now, 1)
    returning id into made;
  update command_key set outcome = json_build_object('kind', 'Booked', 'body', json_build_object(
      'appointment_id', made, 'serial', drawn, 'state', 'booked', 'slot_id', the_slot.id, 'session_id',
      the_session.id, 'starts_at', the_period.starts_at, 'ends_at', the_period.ends_at, 'fee_fen',
      the_session.fee_fen, 'pay_by', null, 'replaces', null))
    where key = p_key;
  insert into journal (transaction, at, kind, actor, channel, appointment_id, person_id, session_id, body)
    values (pg_current_xact_id()::text::bigint, p_now, 'appointment.booked', 'web', 'web', made, p_person,
      the_session.id,
      json_build_object('appointment_id', made, 'person_id', p_person, 'session_id', the_session.id, 'slot_id',
        the_slot.id, 'state', 'booked', 'version', 1, 'replaces', null, 'hold_id', p_hold))
    returning id into entry;
  insert into outbox (carrier, journal_id, appointment_id, state, taken, due_at, created_at, attempts)
    values ('sms', entry, made, 'waiting', false, p_now, p_now, 0);
  return made;
end $$;
