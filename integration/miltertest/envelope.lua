-- every command of the envelope gets its reply, and a refused sender or recipient does not end the connection
local conn = mt.connect(SOCKET)
local function expect(failure, reply)
    assert(failure == nil, failure)
    assert(mt.getreply(conn) == reply, string.format("the reply is %q", string.char(mt.getreply(conn))))
end

expect(mt.conninfo(conn, "client.example.org", "192.0.2.1"), SMFIR_CONTINUE)
expect(mt.helo(conn, "helo-tempfail.example.org"), SMFIR_TEMPFAIL)
expect(mt.helo(conn, "client.example.org"), SMFIR_CONTINUE)
assert(mt.macro(conn, SMFIC_MAIL, "i", "Q1", "{auth_authen}", "alice") == nil)
expect(mt.mailfrom(conn, "<mail-reject@example.org>"), SMFIR_REJECT)
expect(mt.mailfrom(conn, "<mail-code@example.org>"), SMFIR_REPLYCODE)
expect(mt.mailfrom(conn, "<alice@example.org>", "SIZE=1000", "BODY=8BITMIME"), SMFIR_CONTINUE)
expect(mt.rcptto(conn, "<rcpt-reject@example.net>"), SMFIR_REJECT)
expect(mt.rcptto(conn, "<rcpt-tempfail@example.net>"), SMFIR_TEMPFAIL)
expect(mt.rcptto(conn, "<bob@example.net>", "NOTIFY=NEVER"), SMFIR_CONTINUE)
expect(mt.data(conn), SMFIR_CONTINUE)
expect(mt.unknown(conn, "XYZZY"), SMFIR_CONTINUE)
assert(mt.disconnect(conn) == nil)

conn = mt.connect(SOCKET)
expect(mt.conninfo(conn, "connect-reject.example.org", "unspec"), SMFIR_REJECT)
assert(mt.disconnect(conn) == nil)
