using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Porthor.Operations;
using Porthor.Server.Http;
using Porthor.Server.Login;
using Porthor.Server.Login.Local;

namespace Porthor.Server.Tests.Architecture;

/// <summary>
/// A method that returns a task reports errors in the task. A caller that starts several tasks before it awaits them would lose the other
/// tasks if the method threw the exception.
/// </summary>
public sealed class AsynchronousMethodTests
{
    /// <summary>
    /// The public methods of the library that return a task and are not async. Before adding one, check that it does not throw.
    /// </summary>
    private static readonly string[] Synchronous =
    [
        "AuthorizationCodeStore.AddAsync", "AuthorizationCodeStore.RemoveAsync", "IngressAuthorizer.AuthorizeAsync",
        "LocalRateCounter.CountAsync", "NumericIds.GetGidAsync", "NumericIds.GetUidAsync", "QuotaOverrides.GetRecentAsync",
        "SharedOperation.GetAsync", "TokenMaintenance.DeleteAllTokensAsync", "TokenService.GetDataAsync",
        "TokenTransaction.ClaimAbsentAsync", "TokenTransaction.CountUserTokensAsync", "TokenTransaction.LockAsync",
        "TokenTransaction.LockAvailableAsync", "TokenTransaction.LockExpiredAsync",
        "TokenTransaction.LockInOrderAsync", "TokenTransaction.LockParentAsync", "TokenTransaction.TryUseOnceAsync",
    ];

    [Fact]
    public void Public_methods_of_the_library_that_return_tasks_are_async() => typeof(TokenService).Assembly.GetExportedTypes()
        .Where(type => type.IsClass && !typeof(Delegate).IsAssignableFrom(type))
        .SelectMany(type => type.GetMethods(
            BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly))
        .Where(method => IsTask(method.ReturnType) && !method.IsAbstract && !method.IsSpecialName
            && method.GetCustomAttribute<AsyncStateMachineAttribute>() is null)
        .Select(method => $"{method.DeclaringType!.Name.Split('`')[0]}.{method.Name}").Distinct().Order(StringComparer.Ordinal)
        .ShouldBe(Synchronous);

    [Fact]
    public async Task Methods_of_the_server_report_errors_in_the_task()
    {
        using var handler = ProviderClient.CreateHandler();
        using var provider = new ProviderClient("OIDC", handler);
        var limits = new RequestLimits(_ => Task.CompletedTask);
        var context = new DefaultHttpContext();
        context.Request.ContentLength = RequestLimits.BodyBytes + 1;
        Task[] failing =
        [
            provider.GetAsync("file:///etc/passwd", CancellationToken.None),
            new LocalLoginProvider().RedeemAsync("some-code", LoginAttempt.Create(), CancellationToken.None),
            limits.InvokeAsync(context),
        ];
        foreach (var task in failing)
            await Should.ThrowAsync<Exception>(() => task);
    }

    private static bool IsTask(Type type)
    {
        var definition = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        return definition == typeof(Task) || definition == typeof(Task<>) || definition == typeof(ValueTask)
            || definition == typeof(ValueTask<>);
    }
}
