-- what is agreed is what the filter wants of what is offered, in versions 2, 4 and 6
for _, version in ipairs({2, 4, 6}) do
    local conn = mt.connect(SOCKET)
    -- miltertest 2.11 takes the steps before the actions, other than its manual says.
    assert(mt.negotiate(conn, version, SMFIP_SKIP, SMFIF_ADDHDRS + SMFIF_CHGHDRS) == nil)
    assert(mt.test_action(conn, SMFIF_ADDHDRS), "adding headers was offered, and not asked for")
    assert(mt.test_action(conn, SMFIF_CHGHDRS), "changing headers was offered, and not asked for")
    assert(not mt.test_action(conn, SMFIF_ADDRCPT), "adding recipients was asked for, and not offered")
    assert(mt.test_option(conn, SMFIP_SKIP), "skipping was offered, and not asked for")
    assert(not mt.test_option(conn, SMFIP_NOCONNECT), "leaving out the connection was asked for, and not offered")
    assert(mt.conninfo(conn, "client.example.org", "192.0.2.1") == nil)
    assert(mt.getreply(conn) == SMFIR_CONTINUE)
    assert(mt.disconnect(conn) == nil)
end
