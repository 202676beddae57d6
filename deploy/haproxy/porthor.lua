-- The action "porthor" sends the authorization subrequest to Porthor, with the rule in txn.porthor_rule. If Porthor allows the request, its
-- headers about the user replace the client's; otherwise the client gets Porthor's answer, and the site does not get the request.
-- Its argument is the address of Porthor: http-request lua.porthor 127.0.0.1:8080
-- The action "porthor_connection" removes the Connection header and the headers that it names.

-- The time limit of the subrequest in milliseconds. Porthor answers within a second.
local timeout = 3000

-- The headers of the request that Porthor reads. The subrequest contains no other headers of the client and no body.
local forwarded_to_porthor = {
    "accept", "access-control-request-method", "authorization", "cookie", "origin", "user-agent", "x-requested-with",
    "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-original-upgrade",
}

-- The headers of the answer that the site gets. The client's headers of these names are removed.
local forwarded_to_site = {
    "authorization", "cookie", "x-auth-request-email", "x-auth-request-service", "x-auth-request-token", "x-auth-request-user",
}

-- The headers of Porthor's answer that the client gets if the request is denied.
local forwarded_to_client = {
    "cache-control", "content-security-policy", "content-type", "location", "retry-after", "vary", "www-authenticate",
    "x-content-type-options", "x-frame-options",
}

-- The last parts of the names of the X-RateLimit-* headers.
local rate_limit_names = { "limit", "remaining", "used", "reset", "resource" }

-- Returns the values of a header, which HAProxy counts from 0; none if the header is absent.
local function values(headers, name)
    local list = {}
    local found = headers[name]
    if found then
        for i = 0, #found do
            if found[i] ~= nil then
                list[#list + 1] = found[i]
            end
        end
    end
    return list
end

-- A token as plain text ("gt-", the key, a dot and the secret) and in base64, which depends on the position of the token modulo 3.
local token_part = string.rep("[%w_-]", 22)
local minimum_length = 48
local token_patterns = {
    "gt%-" .. token_part .. "%." .. token_part,
    "Z3Qt" .. string.rep("%w", 29) .. "[CSiy][45]" .. string.rep("%w", 28),
    "[2GWm]d0L[S-X]" .. string.rep("%w", 28) .. "[048AEIMQUYcgkosw]u" .. string.rep("%w", 28),
    "[159BFJNRVZdhlptx]ndC[01]" .. string.rep("%w", 29) .. "L[i-n]" .. string.rep("%w", 28),
}

-- Returns whether a text contains a token, also if the text is percent-encoded up to three times.
local function contains_token(text)
    for _ = 0, 3 do
        if #text < minimum_length then
            return false
        end
        for _, pattern in ipairs(token_patterns) do
            if text:find(pattern) then
                return true
            end
        end
        local decoded, count = text:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end)
        if count == 0 then
            return false
        end
        text = decoded
    end
    return false
end

-- Removes the headers of the client that contain a token of Porthor.
local function remove_tokens(txn)
    local received = txn.http:req_get_headers()
    for name, _ in pairs(received) do
        for _, value in ipairs(values(received, name)) do
            if contains_token(value) then
                txn.http:req_del_header(name)
            end
        end
    end
end

-- Returns the authorization subrequest for a request.
local function subrequest(txn, address)
    local received = txn.http:req_get_headers()
    local headers = {
        ["x-forwarded-method"] = { txn.f:method() },
        ["x-forwarded-uri"] = { txn.f:pathq() },
    }
    for _, name in ipairs(forwarded_to_porthor) do
        local list = values(received, name)
        if #list > 0 then
            headers[name] = list
        end
    end
    local rule = txn:get_var("txn.porthor_rule")
    local path = rule == "anonymous" and "/ingress/anonymous" or "/ingress/forward?" .. rule
    return { url = "http://" .. address .. path, headers = headers, timeout = timeout }
end

-- Replaces the headers of an allowed request that forwarded_to_site lists, and removes tokens of Porthor from the other headers.
local function allow(txn, answer)
    remove_tokens(txn)
    for _, name in ipairs(forwarded_to_site) do
        txn.http:req_del_header(name)
        local list = values(answer.headers, name)
        -- Several Cookie headers are joined into one.
        if name == "cookie" and #list > 1 then
            list = { table.concat(list, "; ") }
        end
        for _, value in ipairs(list) do
            txn.http:req_add_header(name, value)
        end
    end
end

-- Answers the client. The site does not get the request.
local function deny(txn, status, headers, body)
    local reply = txn:reply({ status = status, body = body })
    for _, name in ipairs(forwarded_to_client) do
        for _, value in ipairs(values(headers, name)) do
            reply:add_header(name, value)
        end
    end
    txn:done(reply)
end

-- Answers the client if Porthor does not answer: browsers that open a page get an HTML page, all other clients get JSON.
local function deny_unavailable(txn)
    local headers = { ["cache-control"] = { "no-cache, no-store" }, ["x-content-type-options"] = { "nosniff" } }
    if txn:get_var("txn.porthor_prefers_html") then
        headers["content-type"] = { "text/html; charset=utf-8" }
        headers["content-security-policy"] = { "default-src 'none'; frame-ancestors 'none'" }
        deny(txn, 503, headers, '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Not available</title></head>'
            .. '<body><h1>Not available</h1><p>Authorization is not available at the moment. Try again soon.</p></body></html>')
    else
        headers["content-type"] = { "application/json" }
        deny(txn, 503, headers, '{"detail":[{"msg":"Authorization is not available","type":"store_unavailable"}]}')
    end
end

-- Returns whether an answer is Porthor's: JSON, or an HTML page with a content security policy.
local function is_from_porthor(answer)
    local kind = values(answer.headers, "content-type")[1]
    if kind == nil then
        return false
    end
    return kind:find("application/json", 1, true) == 1
        or (kind:find("text/html", 1, true) == 1 and values(answer.headers, "content-security-policy")[1] ~= nil)
end

core.register_action("porthor", { "http-req" }, function(txn, address)
    local succeeded, answer = pcall(function()
        return core.httpclient():get(subrequest(txn, address))
    end)
    -- If Porthor does not answer, HAProxy returns an HTML page of its own, which must not reach the client.
    if not succeeded or answer == nil or answer.status == nil or answer.headers == nil or not is_from_porthor(answer) then
        deny_unavailable(txn)
        return
    end
    for _, name in ipairs(rate_limit_names) do
        local value = values(answer.headers, "x-ratelimit-" .. name)[1]
        if value ~= nil then
            txn:set_var("txn.porthor_" .. name, value)
        end
    end
    if answer.status == 200 then
        allow(txn, answer)
    else
        deny(txn, answer.status, answer.headers, answer.body)
    end
end, 1)

-- Headers that Connection cannot name: the host, and the length of the body (RFC 9112, section 6).
local required_headers = { ["host"] = true, ["content-length"] = true, ["transfer-encoding"] = true }

core.register_action("porthor_connection", { "http-req" }, function(txn)
    for _, value in ipairs(values(txn.http:req_get_headers(), "connection")) do
        for name in value:gmatch("[^,%s]+") do
            if not required_headers[name:lower()] then
                txn.http:req_del_header(name)
            end
        end
    end
    txn.http:req_del_header("connection")
end)
