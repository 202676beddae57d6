using Porthor.Tokens;

namespace Porthor.Crash.Tests.Linearity;

internal sealed partial class TreeWorkload
{
    private async Task UseAsync(Uri node, Member member, int scopes)
    {
        var begin = Tick();
        var answer = await http.AuthorizeAsync(node, member.Token, scopes == 0 ? "" : $"scope={Scopes[scopes - 1]}");
        var status = StatusOf(answer, 200, 401, 403);
        member.Add(Used(begin, Tick(), scopes, status));
        if (member.Parent is not null && scopes == Scopes.Length && status == 200)
            Interlocked.Increment(ref childrenAllowed);
    }

    private async Task DelegateAsync(Uri node, Member parent, string service)
    {
        var begin = Tick();
        var answer = await http.DelegateAsync(node, parent.Token, service, Scopes);
        var end = Tick();
        var status = StatusOf(answer, 200, 401);
        parent.Add(Used(begin, end, scopes: 0, status));
        // An issued child is valid, whether it is new or was issued before.
        if (status != 200)
            return;
        var child = GetOrAdd(Token.Parse(answer!.Header("X-Auth-Request-Token")!), parent);
        child.Add(Used(begin, end, scopes: 0, status));
        // The child can have scopes from before a reduction of its parent.
        await UseAsync(node, child, Scopes.Length);
    }

    /// <summary>Reduces the scopes of the root. Only one reduction runs at a time, and removed scopes are never granted again.</summary>
    private async Task ReduceAsync(Uri node)
    {
        if (Interlocked.Exchange(ref reducing, true))
            return;
        if (level > 0)
        {
            level--;
            var root = members[0];
            var begin = Tick();
            var answer = await http.EditAsync(node, administrator, username, root.Token.Key, Scopes[..level]);
            root.AddForTree(begin, Tick(), StatusOf(answer, 200, 404), 404, (b, e, status) => ReducedTo(b, e, level, status));
        }
        Volatile.Write(ref reducing, false);
    }

    private async Task RevokeAsync(Uri node, Member member)
    {
        var begin = Tick();
        var answer = await http.RevokeAsync(node, administrator, username, member.Token.Key);
        var (end, status) = (Tick(), StatusOf(answer, 204, 404));
        member.AddForTree(begin, end, status, 404, Revoked);
        if (status != 404)
            member.AddForDescendants(AncestorRevoked(begin, status is null ? long.MaxValue : end));
    }
}
