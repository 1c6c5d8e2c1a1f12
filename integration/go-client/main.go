// Drives a filter with the milter client of emersion/go-milter, which shares no code with Milter.NET.
//
// Usage: go-client ADDRESS < COMMANDS. Every command is a line, and so is every reply: see dialogues/.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-milter"
)

const (
	everyAction = milter.OptAddHeader | milter.OptChangeBody | milter.OptAddRcpt | milter.OptRemoveRcpt |
		milter.OptChangeHeader | milter.OptQuarantine | milter.OptChangeFrom | milter.OptSetSymList
	timeout = 10 * time.Second
)

// client keeps the connection beside the session: go-milter has no call for SMFIC_ABORT and SMFIC_QUIT_NC.
type client struct {
	address string
	conn    net.Conn
	session *milter.ClientSession
}

// Dial implements milter.Dialer.
func (c *client) Dial(network, address string) (net.Conn, error) {
	conn, err := net.DialTimeout(network, address, timeout)
	c.conn = conn
	return conn, err
}

func main() {
	c := &client{address: os.Args[1]}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		reply, err := c.run(lines.Text())
		if err != nil {
			reply = "error " + err.Error()
		}
		fmt.Println(reply)
	}
}

func (c *client) run(line string) (string, error) {
	command, rest, _ := strings.Cut(line, " ")
	words := strings.Fields(rest)
	switch command {
	case "connect":
		return c.connect(words)
	case "macros":
		return "sent", c.session.Macros(milter.Code(words[0][0]), words[1:]...)
	case "conn":
		port, err := strconv.Atoi(words[2])
		if err != nil {
			return "", err
		}
		return shown(c.session.Conn(words[0], milter.ProtoFamily(words[1][0]), uint16(port), words[3]))
	case "helo":
		return shown(c.session.Helo(rest))
	case "mail":
		return shown(c.session.Mail(words[0], words[1:]))
	case "rcpt":
		return shown(c.session.Rcpt(words[0], words[1:]))
	case "header":
		name, value, _ := strings.Cut(rest, ":")
		return shown(c.session.HeaderField(name, value))
	case "eoh":
		return shown(c.session.HeaderEnd())
	case "body":
		return shown(c.session.BodyChunk([]byte(rest + "\r\n")))
	case "end":
		return ended(c.session.End())
	case "abort":
		return "sent", c.raw('A')
	case "quit_nc":
		return "sent", c.raw('K')
	case "quit":
		return "sent", c.session.Close()
	}
	return "", errors.New("no such command: " + command)
}

// connect opens a session that offers every action but the one go-milter cannot read, SMFIR_ADDRCPT_PAR, and the steps
// given as a number.
func (c *client) connect(words []string) (string, error) {
	steps, err := strconv.ParseUint(words[0], 0, 32)
	if err != nil {
		return "", err
	}
	c.session, err = milter.NewClientWithOptions("tcp", c.address, milter.ClientOptions{
		Dialer: c, ReadTimeout: timeout, WriteTimeout: timeout,
		ActionMask: everyAction, ProtocolMask: milter.OptProtocol(steps),
	}).Session()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("agreed %#x %#x", uint32(c.session.ActionOpts), uint32(c.session.ProtocolOpts)), nil
}

func (c *client) raw(code byte) error {
	_, err := c.conn.Write([]byte{0, 0, 0, 1, code})
	return err
}

func shown(action *milter.Action, err error) (string, error) {
	if err != nil {
		return "", err
	}
	if action.Code == milter.ActReplyCode {
		return strings.ReplaceAll(fmt.Sprintf("reply %d %s", action.SMTPCode, action.SMTPText), "\r\n", "|"), nil
	}
	return string(rune(action.Code)), nil
}

// ended shows the changes one after the other; the new body as its length and the sizes of its chunks.
func ended(changes []milter.ModifyAction, action *milter.Action, err error) (string, error) {
	last, err := shown(action, err)
	if err != nil {
		return "", err
	}
	var all []string
	var body [][]byte
	for _, m := range changes {
		switch m.Code {
		case milter.ActReplBody:
			body = append(body, m.Body)
		case milter.ActAddHeader:
			all = append(all, fmt.Sprintf("add %s:%q", m.HeaderName, m.HeaderValue))
		case milter.ActInsertHeader:
			all = append(all, fmt.Sprintf("insert %d %s:%q", m.HeaderIndex, m.HeaderName, m.HeaderValue))
		case milter.ActChangeHeader:
			all = append(all, fmt.Sprintf("change %d %s:%q", m.HeaderIndex, m.HeaderName, m.HeaderValue))
		case milter.ActAddRcpt, milter.ActDelRcpt:
			all = append(all, fmt.Sprintf("%c%s", m.Code, m.Rcpt))
		case milter.ActChangeFrom:
			all = append(all, "sender "+m.From)
		case milter.ActQuarantine:
			all = append(all, "quarantine "+m.Reason)
		}
	}
	if len(body) > 0 {
		whole := bytes.Join(body, nil)
		all = append(all, fmt.Sprintf("body %d in %d, first %q", len(whole), len(body), whole[:6]))
	}
	return strings.Join(append(all, last), ", "), nil
}
