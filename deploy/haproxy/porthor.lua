-- The action "porthor" sends the authorization subrequest to Porthor, with the rule in txn.porthor_rule. If Porthor allows the request, its
-- headers about the user replace the client's; otherwise the client gets Porthor's answer, and the site gets nothing.
-- Its argument is the address of Porthor: http-request lua.porthor 127.0.0.1:8080
-- The action "porthor_connection" removes the Connection header and the headers that it names.

-- In milliseconds. Porthor answers within a second.
local timeout = 3000

-- The headers of the request that Porthor reads. It does not need the others, nor the body.
local asked_with = {
    "accept", "access-control-request-method", "authorization", "cookie", "origin", "user-agent", "x-requested-with",
    "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-original-upgrade",
}

-- The headers of the answer that the site gets. The client's headers of these names are removed.
local passed_on = {
    "authorization", "cookie", "x-auth-request-email", "x-auth-request-service", "x-auth-request-token", "x-auth-request-user",
}

-- The headers of Porthor's answer that the client gets if the request is denied.
local handed_back = {
    "cache-control", "content-security-policy", "content-type", "location", "retry-after", "vary", "www-authenticate",
    "x-content-type-options", "x-frame-options",
}

local counted = { "limit", "remaining", "used", "reset", "resource" }

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

-- A token of Porthor: "gt-", the key, a dot and the secret; and a token in base64, by the remainder of its position divided by 3.
local half = string.rep("[%w_-]", 22)
local shortest = 48
local forms = {
    "gt%-" .. half .. "%." .. half,
    "Z3Qt" .. string.rep("%w", 29) .. "[CSiy][45]" .. string.rep("%w", 28),
    "[2GWm]d0L[S-X]" .. string.rep("%w", 28) .. "[048AEIMQUYcgkosw]u" .. string.rep("%w", 28),
    "[159BFJNRVZdhlptx]ndC[01]" .. string.rep("%w", 29) .. "L[i-n]" .. string.rep("%w", 28),
}

-- Returns whether a text contains a token, also if the text is percent-encoded up to three times.
local function contains_token(text)
    for _ = 0, 3 do
        if #text < shortest then
            return false
        end
        for _, form in ipairs(forms) do
            if text:find(form) then
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

local function question(txn, address)
    local received = txn.http:req_get_headers()
    local headers = {
        ["x-forwarded-method"] = { txn.f:method() },
        ["x-forwarded-uri"] = { txn.f:pathq() },
    }
    for _, name in ipairs(asked_with) do
        local list = values(received, name)
        if #list > 0 then
            headers[name] = list
        end
    end
    local rule = txn:get_var("txn.porthor_rule")
    local path = rule == "anonymous" and "/ingress/anonymous" or "/ingress/forward?" .. rule
    return { url = "http://" .. address .. path, headers = headers, timeout = timeout }
end

local function pass(txn, answer)
    remove_tokens(txn)
    for _, name in ipairs(passed_on) do
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

local function refuse(txn, status, headers, body)
    local reply = txn:reply({ status = status, body = body })
    for _, name in ipairs(handed_back) do
        for _, value in ipairs(values(headers, name)) do
            reply:add_header(name, value)
        end
    end
    txn:done(reply)
end

-- Returns whether an answer is Porthor's: JSON, or a page for a browser, which has a policy.
local function is_own(answer)
    local kind = values(answer.headers, "content-type")[1]
    if kind == nil then
        return false
    end
    return kind:find("application/json", 1, true) == 1
        or (kind:find("text/html", 1, true) == 1 and values(answer.headers, "content-security-policy")[1] ~= nil)
end

core.register_action("porthor", { "http-req" }, function(txn, address)
    local asked, answer = pcall(function()
        return core.httpclient():get(question(txn, address))
    end)
    -- Without an answer HAProxy generates a page.
    if not asked or answer == nil or answer.status == nil or answer.headers == nil or not is_own(answer) then
        refuse(txn, 503, {
            ["cache-control"] = { [0] = "no-cache, no-store" }, ["content-type"] = { [0] = "application/json" },
        }, '{"detail":[{"msg":"Authorization is not available","type":"store_unavailable"}]}')
        return
    end
    for _, name in ipairs(counted) do
        local value = values(answer.headers, "x-ratelimit-" .. name)[1]
        if value ~= nil then
            txn:set_var("txn.porthor_" .. name, value)
        end
    end
    if answer.status == 200 then
        pass(txn, answer)
    else
        refuse(txn, answer.status, answer.headers, answer.body)
    end
end, 1)

-- Headers that Connection cannot name: the host, and the length of the body (RFC 9112, section 6).
local needed = { ["host"] = true, ["content-length"] = true, ["transfer-encoding"] = true }

core.register_action("porthor_connection", { "http-req" }, function(txn)
    for _, value in ipairs(values(txn.http:req_get_headers(), "connection")) do
        for name in value:gmatch("[^,%s]+") do
            if not needed[name:lower()] then
                txn.http:req_del_header(name)
            end
        end
    end
    txn.http:req_del_header("connection")
end)
