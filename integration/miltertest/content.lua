-- a message runs to its end, with a change or with a refusal, and an abort forgets it
local conn = mt.connect(SOCKET)
assert(mt.conninfo(conn, "client.example.org", "192.0.2.1") == nil)

local function send(trial)
    assert(mt.mailfrom(conn, "<alice@example.org>") == nil)
    assert(mt.rcptto(conn, "<bob@example.net>") == nil)
    assert(mt.header(conn, "Subject", "miltertest") == nil)
    assert(mt.header(conn, "X-Trial", trial) == nil)
    assert(mt.eoh(conn) == nil)
    assert(mt.getreply(conn) == SMFIR_CONTINUE)
    assert(mt.bodystring(conn, "one\r\n") == nil)
    assert(mt.getreply(conn) == SMFIR_CONTINUE)
    assert(mt.eom(conn) == nil)
end

send("mark")
assert(mt.eom_check(conn, MT_HDRADD, "X-Mark", " yes"), "no header field was added")
assert(not mt.eom_check(conn, MT_HDRINSERT), "a header field was inserted")
assert(not mt.eom_check(conn, MT_BODYCHANGE), "the body was changed")

send("quarantine")
assert(mt.eom_check(conn, MT_QUARANTINE, "a person shall look at it"), "it was not quarantined")

send("eom-code")
assert(mt.getreply(conn) == SMFIR_REPLYCODE)

assert(mt.mailfrom(conn, "<alice@example.org>") == nil)
assert(mt.rcptto(conn, "<bob@example.net>") == nil)
assert(mt.header(conn, "X-Trial", "eom-reject") == nil)
assert(mt.abort(conn) == nil)
send("nothing")
assert(mt.getreply(conn) == SMFIR_CONTINUE, "the aborted message is still known")
assert(mt.disconnect(conn) == nil)
