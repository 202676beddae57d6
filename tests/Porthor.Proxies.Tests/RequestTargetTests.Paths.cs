namespace Porthor.Proxies.Tests;

public sealed partial class RequestTargetTests
{
    /// <summary>The segments "." and "..", or a character that can end or split a path, in many spellings.</summary>
    public static readonly string[] Ambiguous =
    [
        "/admin/users/..%2f..%2fpublic/", "/admin/../public/x", "/public/..;/admin/", "/public/..%5cadmin/", "/public/..;x/admin/",
        "/public/..;x=1;y/admin", "/public/.;/../admin/",
        "/public/..", "/public/.", "/public/./x", "/public/.;", "/public/.;x/", "/public/%2e%2e/admin/", "/public/%2E./admin/",
        "/public/.%2e/admin/", "/public/%2e/x",
        "/public/%2e%2e;/admin/", "/public/..%3b/admin/", "/public/..%3B/admin/", "/public/%2e%2e%3bx/admin/", "/public%2f..%2fadmin/",
        "/public%2F..%2Fadmin", "/public/%2f../admin/",
        "/public/..\\admin/", "/public\\..\\admin/", "/public/x\\..\\..\\admin", "/public%5c..%5cadmin/", "/public/%5c../admin/",
        "/public/..%5Cadmin", "/public%5Cadmin",
        "/public/%00", "/public/x%00/", "/admin%00/", "/public/..%00/admin/", "/public/.%00./admin", "/public//../admin/",
        "/public///..//admin/", "/api/x/..//../admin/",
        "/auth/../admin/", "/auth/..%2fingress/auth", "/auth/..;/ingress/auth", "/login/../admin/", "/login/..", "/.", "/..", "/..;",
        "/.;x", "/%2e", "/%2e%2e/", "/../admin/", "/./admin/",
        "/%2e/admin/", "//admin/", "//public/admin/", "///public/admin", "/%2fpublic/admin/", "/%2Fadmin", "/public/%c0%ae%c0%ae/admin/",
        "/public/..%c0%afadmin/", "/public/..%20/admin/",
        "/public/.%2e%20/admin/", "/public/..%09/admin/", "/public/..?x", "/public/../?x=/", "/public/../admin/?", "/public/..;?x",
        "\\public", "public/", "/public/..%2f?a=b", "/public/\u00c0\u00ae\u00c0\u00ae/admin/", "/public/..\u00c0\u00afadmin/",
        "/;/admin/", "/;x/admin", "/;x=1;y/admin/", "/%3b/admin/", "/%3Bx%2Fadmin", "/public/;/../admin", "/api/;x/y", "/public//;x/y",
        "/public/..%3fx", "/public/..%23x", "/public/%2e%2e%2fadmin", "/public/%2e%2e%5cadmin",
        "/public/..%01/admin/", "/public/..%0b/admin/", "/public/..%1F;/admin/", "/public/..%7f/admin/", "/public/%20../admin/",
        "/public/%0d../admin/", "/public/%09.%20/x", "/public/%e0%80%ae%E0%80%AE/admin/",
        .. Overlong,
    ];

    /// <summary>
    /// ASCII characters in more bytes than UTF-8 allows (overlong forms; RFC 3629, section 3), percent-encoded, as bytes and mixed. Some
    /// sites decode them.
    /// </summary>
    public static string[] Overlong =>
    [
        "/public/..%e0%80%afadmin/", "/public/..%e0%81%9cadmin/", "/public/..%E0%80%AF/x", "/public/..%f0%80%80%afadmin/",
        "/public/%f0%80%80%ae%F0%80%80%AE/admin/", "/public/..%f0%80%81%9cadmin", "/public/..%f8%80%80%80%afadmin",
        "/public/%fc%80%80%80%80%ae./admin", "/public/\u00e0\u0080\u00ae\u00e0\u0080\u00ae/admin/", "/public/..\u00e0\u0080\u00afadmin/",
        "/public/..\u00e0\u0081\u009cadmin/", "/public/..\u00f0\u0080\u0080\u00afadmin/", "/public/..%c0\u00afadmin/",
        "/public/..%e0\u0080%afadmin/", "/public/..\u00e0%80%afadmin/", "/admin%c0%afx", "/admin%C0%AFx", "/admin%e0%80%afx",
        "/admin%f0%80%80%afx", "/admin\u00c0\u00afx", "/admin%c0%bbx", "/%c1%a1dmin/", "/%e0%81%a1dmin/", "/%f0%80%81%a1dmin",
        "/public/%c0%80/x", "/public%c1%9cx", "%c0%af/admin/", "/%c0%afadmin/",
    ];

    /// <summary>Paths and their rules. The site receives the path byte for byte.</summary>
    public static readonly (string Path, string Rule)[] Ordinary =
    [
        ("/public", "public"), ("/public/", "public"), ("/public;x", "public"), ("/public;x=1/page", "public"),
        ("/public/;jsessionid=1", "public"), ("/public/;x?y=/z", "public"), ("/public/a;b=1/c", "public"), ("/public/a%2Fb", "public"),
        ("/public/..x/...", "public"),
        ("/public?x", "public"), ("/public/?x=/../admin//", "public"), ("/public/a//b", "public"),
        ("/public/http://example.org/", "public"), ("/public/.well-known/x", "public"), ("/public/a.", "public"),
        ("/public/%252e%252e/admin/", "public"), ("/public/%252e%252e%252fadmin", "public"), ("/public/caf%C3%A9", "public"),
        ("/public/caf%E9", "public"), ("/public/%C3%80%E0%A4%85%F0%9F%98%80", "public"), ("/public/?x=..%c0%afadmin", "public"),
        ("/public/a%20b+c", "public"), ("/%70ublic/x", "public"),
        ("/admin", "admin"), ("/admin/", "admin"), ("/admin/x", "admin"), ("/admin;x", "admin"), ("/admin;x/", "admin"),
        ("/admin;", "admin"), ("/admin?x", "admin"), ("/admin/;x", "admin"), ("/admin/a%2Fb;c", "admin"),
        ("/%61dmin/", "admin"), ("/%61%64min", "admin"), ("/%61dmin;x", "admin"), ("/admin%3Bx", "admin"), ("/admin%3bx/", "admin"),
        ("/admin%2Fx", "admin"), ("/admin%2f", "admin"), ("/%61dmin%2Fx", "admin"), ("/admin//x", "admin"),
        ("/api", "api"), ("/api;x/y", "api"), ("/api/x", "api"), ("/%61pi%2Fx", "api"),
        ("/", "site"), ("/?x", "site"), ("/administrator", "site"), ("/admin.html", "site"), ("/admin-x/", "site"), ("/publicity", "site"),
        ("/public.txt", "site"), ("/apis/", "site"), ("/x/admin/", "site"), ("/x/public/", "site"),
        ("/ADMIN/", "site"), ("/Public/", "site"), ("/public%252Fx", "site"), ("/x;/public/", "site"), ("/;x", "site"),
        ("/;jsessionid=1?x=/", "site"), ("/a%2Fb/c%2Fd", "site"), ("/.hidden/..x", "site"), ("/x%3F/public", "site"), ("/x%23y", "site"),
        ("/a/https://b//c", "site"), ("/x.;y", "site"), ("/x..;y/", "site"), ("/login;x", "site"), ("/auth;x/tokens", "site"),
        ("/authors", "site"), ("/loginx", "site"),
    ];
}
