using System.Runtime.CompilerServices;
using Porthor.Testing;

namespace Porthor.Server.Tests.Login;

/// <summary>A test whose server uses LDAP. Without LDAP it is skipped, and the skip reason names what to install.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LdapFactAttribute : FactAttribute
{
    public LdapFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line) => Skip = Prerequisites.LdapSkipReason;
}

/// <inheritdoc cref="LdapFactAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LdapTheoryAttribute : TheoryAttribute
{
    public LdapTheoryAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line) => Skip = Prerequisites.LdapSkipReason;
}
