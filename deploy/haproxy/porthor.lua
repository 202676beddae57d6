-- The action "porthor": asks Porthor whether a request may pass, by the rule in txn.porthor_rule. If it may, Porthor's word about
-- the user takes the place of the client's; else the client gets Porthor's answer, and the site nothing.
-- It is given the address of Porthor: http-request lua.porthor 127.0.0.1:8080

-- Porthor answers within a second; whoever waits longer waits in vain.
local patience = 3000

-- What Porthor looks at in the user's request. The rest, and the body, it does not need.
local asked_with = {
    "accept", "access-control-request-method", "authorization", "cookie", "origin", "user-agent", "x-requested-with",
    "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
}

-- What Porthor says about the user. What it does not say is taken away.
local passed_on = {
    "authorization", "cookie", "x-auth-request-email", "x-auth-request-service", "x-auth-request-token", "x-auth-request-user",
}

-- What the client learns of a refusal.
local handed_back = { "cache-control", "content-type", "location", "retry-after", "www-authenticate" }

local counted = { "limit", "remaining", "used", "reset", "resource" }

-- The values of a header, which HAProxy counts from 0; none if it is not there.
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
    return { url = "http://" .. address .. path, headers = headers, timeout = patience }
end

local function pass(txn, answer)
    for _, name in ipairs(passed_on) do
        txn.http:req_del_header(name)
        for _, value in ipairs(values(answer.headers, name)) do
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

local function is_json(answer)
    local kind = values(answer.headers, "content-type")[1]
    return kind ~= nil and kind:find("application/json", 1, true) == 1
end

core.register_action("porthor", { "http-req" }, function(txn, address)
    local asked, answer = pcall(function()
        return core.httpclient():get(question(txn, address))
    end)
    -- Where there is no answer HAProxy makes one up, a page. All of Porthor's are JSON.
    if not asked or answer == nil or answer.status == nil or answer.headers == nil or not is_json(answer) then
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
